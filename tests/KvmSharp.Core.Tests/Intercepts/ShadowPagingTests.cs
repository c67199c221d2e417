using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>The exits that shadow paging would have caused, counted without making one.</summary>
public sealed class ShadowPagingTests
{
    private const uint Probe = 0x1_2000;
    private const uint ProbeEntry = (uint)TestMachine.PageTable + (Probe >> 12 << 2);

    [Fact]
    public void Counts_EachKindOnce_AndNothingElseChanges()
    {
        (ShadowPagingExits none, GeneralRegisters plain, ulong retired) = Run(count: false);
        (ShadowPagingExits counted, GeneralRegisters same, ulong sameRetired) = Run(count: true);

        none.Total.Should().Be(0);
        counted.Should().Be(new ShadowPagingExits(Cr3Loads: 1, Invlpgs: 1, PageTableWrites: 2, ReflectedPageFaults: 1));
        counted.Total.Should().Be(5);
        (counted.ExitsOf(BasicExitReason.ControlRegisterAccess), counted.ExitsOf(BasicExitReason.Invlpg), counted.ExitsOf(BasicExitReason.ExceptionOrNmi))
            .Should().Be((1UL, 1UL, 3UL));
        (same, sameRetired).Should().Be((plain, retired));
    }

    [Theory]
    [InlineData(false, 3UL)]
    [InlineData(true, 100UL)]
    public void PageTableWrites_EndWithTheUseOfTheTable(bool stillUsed, ulong expected)
    {
        const uint OtherDirectory = 0x9_2000;
        const uint OtherTable = 0x9_3000;
        using TestMachine machine = TestMachine.Protected(a =>
        {
            var again = a.CreateLabel();
            a.mov(edx, __dword_ptr[Probe]); // a walk through the first table
            a.mov(cr3, eax);
            a.mov(ecx, 100);
            a.Label(ref again);
            a.mov(__dword_ptr[ProbeEntry], ebx);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        }).EnablePaging();
        machine.Ram.Write(OtherDirectory, OtherTable | 7);
        for (uint page = 0; page < 1024; page++)
        {
            machine.Ram.Write(OtherTable + (page * 4), (page << 12) | 7);
        }

        machine.Set(r => r with { Rax = stillUsed ? TestMachine.PageDirectory : OtherDirectory, Rbx = Probe | 7 });
        machine.Cpu.CountShadowPagingExits = true;
        machine.RunToHalt();
        machine.Cpu.Statistics.ShadowPaging.PageTableWrites.Should().Be(expected);
    }

    [Fact]
    public void Counts_SwitchedOff_KeepTheirValues_AndStartAgainAtZero()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(cr3, eax);
            a.hlt();
        });
        machine.Cpu.CountShadowPagingExits = true;
        machine.RunToHalt();
        machine.Cpu.CountShadowPagingExits = false;
        machine.Cpu.Statistics.ShadowPaging.Cr3Loads.Should().Be(1);
        machine.Cpu.CountShadowPagingExits = true;
        machine.Cpu.Statistics.ShadowPaging.Cr3Loads.Should().Be(0);
    }

    // A page fault, mapping the page, INVLPG, the access, mapping it elsewhere, loading CR3, the access again.
    private static (ShadowPagingExits Counts, GeneralRegisters Registers, ulong Retired) Run(bool count)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, __dword_ptr[Probe]);
            a.mov(__dword_ptr[ProbeEntry], (int)(Probe + 0x1000) | 7);
            a.mov(ebx, cr3);
            a.mov(cr3, ebx);
            a.mov(edx, __dword_ptr[Probe]);
            a.hlt();
        }).Handle(14, a =>
        {
            a.add(esp, 4);
            a.mov(__dword_ptr[ProbeEntry], (int)Probe | 7);
            a.invlpg(__[Probe]);
            a.iretd();
        }).EnablePaging();
        machine.MapPage(Probe, 0);
        machine.Ram.Write(Probe, 0xAAu);
        machine.Ram.Write(Probe + 0x1000, 0xBBu);
        machine.Cpu.CountShadowPagingExits = count;
        machine.RunToHalt();
        (machine.Registers.Rax, machine.Registers.Rdx).Should().Be((0xAAUL, 0xBBUL));
        return (machine.Cpu.Statistics.ShadowPaging, machine.Registers, machine.Cpu.InstructionsRetired);
    }
}
