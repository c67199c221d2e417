using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Events;

public class ProtectedDeliveryTests
{
    private const uint ResumeFlag = 1 << 16;

    [Fact]
    public void Deliver_UndefinedOpcode_PushesItsOwnAddressAndResumeFlag()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.nop();
            a.ud2();
        }).Should().Be(6);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code + 1);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code0);
        guest.StackItem(2).Should().Be(ResumeFlag | 2);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.Stack - 12);
    }

    [Fact]
    public void Deliver_ProtectionFault_PushesItsErrorCode()
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a =>
        {
            a.mov(eax, 0x1F8); // beyond the GDT
            a.mov(ds, eax);
        }).Should().Be(13);
        guest.StackItem(0).Should().Be(0x1F8);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code + 5);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.Stack - 16);
    }

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x0D)] // the vector of #GP, but no error code
    public void Deliver_SoftwareInterrupt_PushesTheNextAddressAndNoErrorCode(int vector)
    {
        using var guest = new ProtectedGuest();
        guest.RunToHandler(a => a.@int((byte)vector)).Should().Be(vector);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code + 2);
        guest.StackItem(2).Should().Be(2);
    }

    [Fact]
    public void Deliver_Int3AndInt1_UseTheirVectors()
    {
        using var breakpoint = new ProtectedGuest();
        breakpoint.RunToHandler(a => a.int3()).Should().Be(3);
        breakpoint.StackItem(0).Should().Be(ProtectedGuest.Code + 1);
        using var trap = new ProtectedGuest();
        trap.RunToHandler(a => a.int1()).Should().Be(1);
        trap.StackItem(0).Should().Be(ProtectedGuest.Code + 1);
    }

    [Theory]
    [InlineData(0x8E00, false)]
    [InlineData(0x8F00, true)]
    public void Deliver_InterruptAndTrapGate_DifferInTheInterruptFlag(int type, bool enabled)
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(0x80, Descriptors.InterruptGate(ProtectedGuest.Code0, ProtectedGuest.HandlerOf(0x80)) & ~(0xFF00ul << 32) | ((ulong)type << 32));
        guest.Cpu.SetRegisters(guest.Registers with { Rflags = 0x202 });
        guest.RunToHandler(a => a.@int(0x80)).Should().Be(0x80);
        ((guest.Registers.Rflags & 0x200) != 0).Should().Be(enabled);
        guest.StackItem(2).Should().Be(0x202);
    }

    [Fact]
    public void Deliver_FromUserLevel_SwitchesToTheStackOfTheTss()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a => a.ud2()).Should().Be(6);
        guest.Special.Ss.Selector.Should().Be(ProtectedGuest.Data0);
        guest.Special.Cs.Selector.Should().Be(ProtectedGuest.Code0);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.InnerStack - 20);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code3);
        guest.StackItem(3).Should().Be(ProtectedGuest.Stack);
        guest.StackItem(4).Should().Be(ProtectedGuest.Data3);
    }

    [Fact]
    public void Deliver_SoftwareInterruptThroughPrivilegedGate_FaultsWithTheIdtBitAndWithoutExt()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a => a.@int(0x80)).Should().Be(13);
        guest.StackItem(0).Should().Be((0x80 << 3) | 2);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code); // a fault: the INT itself
    }

    [Fact]
    public void Deliver_Int1ThroughPrivilegedGate_IsNotChecked()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a => a.int1()).Should().Be(1);
    }

    [Fact]
    public void Deliver_ExceptionThroughAbsentGate_SetsIdtAndExt()
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(6, Descriptors.NotPresent(Descriptors.InterruptGate(ProtectedGuest.Code0, 0)));
        guest.RunToHandler(a => a.ud2()).Should().Be(11);
        guest.StackItem(0).Should().Be((6 << 3) | 3);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code);
    }

    [Fact]
    public void Deliver_VectorBeyondTheIdt_IsAProtectionFault()
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Idt = new DescriptorTable(ProtectedGuest.Idt, 0xFF) };
        guest.RunToHandler(a => a.@int(0x20)).Should().Be(13);
        guest.StackItem(0).Should().Be((0x20 << 3) | 2);
    }

    [Fact]
    public void Deliver_HandlerInDataSegment_NamesTheSelector()
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(0x80, Descriptors.InterruptGate(ProtectedGuest.Data0, 0));
        guest.RunToHandler(a => a.@int(0x80)).Should().Be(13);
        guest.StackItem(0).Should().Be(ProtectedGuest.Data0);
    }

    [Fact]
    public void Deliver_ToInnerLevelWithoutStack_IsAnInvalidTss()
    {
        // #UD finds no stack for level 0, #TS uses a conforming handler at level 3.
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(ProtectedGuest.Free, Descriptors.Flat(Descriptors.Conforming0));
        guest.SetGate(10, Descriptors.InterruptGate(ProtectedGuest.Free, ProtectedGuest.HandlerOf(10)));
        guest.SetGate(13, Descriptors.InterruptGate(ProtectedGuest.Free, ProtectedGuest.Target));
        guest.Vm.Memory.Write(ProtectedGuest.Tss + 8, (uint)ProtectedGuest.Code0);
        guest.Assemble(a => a.ud2());
        guest.Assemble(a => a.jmp(ProtectedGuest.HandlerOf(10)), ProtectedGuest.HandlerOf(10)); // HLT is not for level 3
        guest.Run().InterruptCause.Should().Be(InterruptCause.Budget);
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(10));
        guest.StackItem(0).Should().Be(ProtectedGuest.Code0 | 1);
        guest.Special.Ss.Selector.Should().Be(ProtectedGuest.Data3);
    }

    [Fact]
    public void Deliver_NarrowGate_PushesWords()
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(0x80, Descriptors.InterruptGate16(ProtectedGuest.Code0, ProtectedGuest.HandlerOf(0x80)));
        guest.RunToHandler(a => a.@int(0x80)).Should().Be(0x80);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.Stack - 6);
        guest.StackWord(0).Should().Be((ushort)(ProtectedGuest.Code + 2));
        guest.StackWord(1).Should().Be(ProtectedGuest.Code0);
    }

    [Fact]
    public void Deliver_FaultInContributoryHandler_IsADoubleFaultWithCodeZero()
    {
        using var guest = new ProtectedGuest();
        guest.SetGate(13, 0);
        guest.RunToHandler(a =>
        {
            a.mov(eax, 0x1F8);
            a.mov(ds, eax);
        }).Should().Be(8);
        guest.StackItem(0).Should().Be(0);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code + 5);
    }

    [Fact]
    public void Deliver_DoubleFaultThatFaults_ShutsDown()
    {
        using var guest = new ProtectedGuest();
        guest.Special = guest.Special with { Idt = default };
        guest.Run(a => a.ud2()).Reason.Should().Be(VmExitReason.Shutdown);
    }

    [Fact]
    public void Bound_IndexOutside_RaisesItsFault()
    {
        using var guest = new ProtectedGuest();
        guest.Vm.Memory.Write(0x5000, -2);
        guest.Vm.Memory.Write(0x5004, 7);
        guest.RunToHandler(a =>
        {
            a.mov(eax, -2);
            a.bound(eax, __dword_ptr[0x5000]);
            a.mov(eax, 7);
            a.bound(eax, __dword_ptr[0x5000]);
            a.mov(eax, -3);
            a.bound(eax, __dword_ptr[0x5000]);
        }).Should().Be(5);
        guest.Registers.Rax.Should().Be(0xFFFF_FFFD);
    }
}
