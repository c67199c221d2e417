using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Events;

public class PagedDeliveryTests
{
    private const uint Sentinel = 0x5A5A_5A5A;

    [Fact]
    public void Deliver_FrameAcrossAMissingPage_WritesNothing()
    {
        // The first push fits in the page that is there, the others do not: #PF, #PF again, then shutdown.
        using var guest = new ProtectedGuest();
        guest.EnablePaging();
        guest.SetPage(ProtectedGuest.Stack - ProtectedGuest.PageSize, 0);
        guest.Vm.Memory.Write(ProtectedGuest.Stack, Sentinel);
        guest.Cpu.SetRegisters(guest.Registers with { Rsp = ProtectedGuest.Stack + 4 });
        guest.Run(a => a.@int(0x80)).Reason.Should().Be(VmExitReason.Shutdown);
        guest.Vm.Memory.Read<uint>(ProtectedGuest.Stack).Should().Be(Sentinel);
        guest.Special.Cr2.Should().BeLessThan(ProtectedGuest.Stack);
        guest.Registers.Rip.Should().Be(ProtectedGuest.Code);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.Stack + 4);
    }

    [Fact]
    public void Deliver_FromUserLevel_ReadsTablesWithSupervisorRights()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.EnablePaging();
        const uint supervisor = 3;
        uint[] pages = [ProtectedGuest.Gdt, ProtectedGuest.Idt, ProtectedGuest.Tss, ProtectedGuest.InnerStack - ProtectedGuest.PageSize];
        foreach (uint page in pages)
        {
            guest.SetPage(page, page | supervisor);
        }

        guest.RunToHandler(a => a.ud2()).Should().Be(6);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code3);
    }

    [Fact]
    public void Deliver_UserAccessToSupervisorPage_TellsSo()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.EnablePaging();
        guest.SetPage(ProtectedGuest.Gdt, ProtectedGuest.Gdt | 3);
        guest.RunToHandler(a => a.mov(eax, __dword_ptr[ProtectedGuest.Gdt + 8])).Should().Be(14);
        guest.StackItem(0).Should().Be(5);
        guest.Special.Cr2.Should().Be(ProtectedGuest.Gdt + 8);
    }

    [Fact]
    public void Deliver_IdtPageMissing_EndsInShutdownWithItsAddress()
    {
        using var guest = new ProtectedGuest();
        guest.EnablePaging();
        guest.SetPage(ProtectedGuest.Idt, 0);
        guest.Run(a => a.ud2()).Reason.Should().Be(VmExitReason.Shutdown);
        guest.Special.Cr2.Should().Be(ProtectedGuest.Idt + (8 * 8)); // the last try was the double fault's gate
    }

    [Fact]
    public void Invlpg_AfterAPageTableWrite_MakesItSeen()
    {
        using var guest = new ProtectedGuest();
        guest.EnablePaging();
        guest.Vm.Memory.Write(0xA_0000, 0xAAAAu);
        guest.Vm.Memory.Write(0xB_0000, 0xBBBBu);
        guest.Run(a =>
        {
            a.mov(eax, __dword_ptr[0xA_0000]);
            a.mov(__dword_ptr[ProtectedGuest.PageTable + (0xA0 * 4)], 0xB_0007);
            a.invlpg(__byte_ptr[0xA_0123]);
            a.mov(ebx, __dword_ptr[0xA_0000]);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rax, guest.Registers.Rbx).Should().Be((0xAAAAul, 0xBBBBul));
    }
}
