using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Transfers;

public class FarTransferTests
{
    private const ushort Gate = ProtectedGuest.Free;

    [Fact]
    public void JmpFar_ConformingCode_KeepsThePrivilege()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(0x48, Descriptors.Flat(Descriptors.Conforming0));
        guest.Assemble(a => a.jmp(ProtectedGuest.Target), ProtectedGuest.Target); // spins
        guest.Run(a => a.jmp(0x48, ProtectedGuest.Target)).InterruptCause.Should().Be(InterruptCause.Budget);
        guest.Special.Cs.Selector.Should().Be(0x4B);
        guest.Special.Ss.Selector.Should().Be(ProtectedGuest.Data3);
    }

    [Theory]
    [InlineData(ProtectedGuest.Code0, ProtectedGuest.Code0)]      // more privileged code without a gate
    [InlineData(ProtectedGuest.Data3, ProtectedGuest.Data3 & ~3)] // data
    [InlineData(0x00, 0x00)]                                      // null
    [InlineData(0xFB, 0xF8)]                                      // an empty entry
    public void JmpFar_ForbiddenTarget_NamesTheSelector(ushort selector, ushort errorCode)
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.RunToHandler(a => a.jmp(selector, ProtectedGuest.Target)).Should().Be(13);
        guest.StackItem(0).Should().Be(errorCode);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code);
    }

    [Fact]
    public void JmpFar_OffsetBeyondTheLimit_IsAProtectionFaultWithCodeZero()
    {
        using var guest = new ProtectedGuest();
        guest.SetDescriptor(0x48, Descriptors.Segment(0, 0x8FFF, Descriptors.Code0, 0x4));
        guest.RunToHandler(a => a.jmp(0x48, ProtectedGuest.Target)).Should().Be(13);
        guest.StackItem(0).Should().Be(0);
    }

    [Fact]
    public void CallFar_SamePrivilege_ReturnsWithRetf()
    {
        using var guest = new ProtectedGuest();
        guest.Assemble(a => a.retf(), ProtectedGuest.Target);
        guest.Run(a =>
        {
            a.call(ProtectedGuest.Code0, ProtectedGuest.Target);
            a.mov(eax, 1);
            a.hlt();
        }).Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rax, guest.Registers.Rsp).Should().Be((1ul, (ulong)ProtectedGuest.Stack));
    }

    [Fact]
    public void CallFar_ThroughMemoryPointer_Works()
    {
        using var guest = new ProtectedGuest();
        guest.Vm.Memory.Write(0x5000, ProtectedGuest.Target);
        guest.Vm.Memory.Write(0x5004, ProtectedGuest.Code0);
        guest.Run(a => a.call(__fword_ptr[0x5000]));
        guest.Registers.Rip.Should().Be(ProtectedGuest.Target + 1);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code0);
    }

    [Fact]
    public void CallGate_FromUserLevel_SwitchesStacksAndCopiesParameters()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.CallGate(ProtectedGuest.Code0, ProtectedGuest.Target, 2));
        guest.Vm.Memory.Write(ProtectedGuest.Stack, 0x1111_1111u);
        guest.Vm.Memory.Write(ProtectedGuest.Stack + 4, 0x2222_2222u);
        guest.Run(a => a.call(Gate | 3, 0)).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(ProtectedGuest.Target + 1);
        guest.Registers.Rsp.Should().Be(ProtectedGuest.InnerStack - 24);
        uint[] frame = [.. Enumerable.Range(0, 6).Select(guest.StackItem)];
        frame.Should().Equal(
            ProtectedGuest.Code + 7, ProtectedGuest.Code3, 0x1111_1111, 0x2222_2222, ProtectedGuest.Stack, ProtectedGuest.Data3);
    }

    [Fact]
    public void CallGate_AndReturnWithParameters_RestoresTheOuterStack()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.CallGate(ProtectedGuest.Code0, ProtectedGuest.Target, 2));
        guest.Assemble(
            a =>
            {
                a.mov(eax, ProtectedGuest.Data0);
                a.mov(fs, eax);
                a.retf(8);
            },
            ProtectedGuest.Target);
        guest.RunToHandler(a =>
        {
            a.call(Gate | 3, 0);
            a.mov(eax, esp);
            a.ud2();
        }).Should().Be(6);
        guest.Registers.Rax.Should().Be(ProtectedGuest.Stack + 8);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code3);
        guest.Special.Fs.Should().Match<SegmentRegister>(s => s.Selector == 0 && s.Unusable); // level 0 data is not left to level 3
        guest.Special.Es.Selector.Should().Be(ProtectedGuest.Data3);
    }

    [Fact]
    public void CallGate_Narrow_PushesWords()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.CallGate16(ProtectedGuest.Code0, ProtectedGuest.Target, 1));
        guest.Vm.Memory.Write(ProtectedGuest.Stack, 0x3344_1122u);
        guest.Run(a => a.call(Gate | 3, 0)).Reason.Should().Be(VmExitReason.Hlt);
        ushort[] frame = [.. Enumerable.Range(0, 5).Select(guest.StackWord)];
        frame.Should().Equal((ushort)(ProtectedGuest.Code + 7), ProtectedGuest.Code3, 0x1122, unchecked((ushort)ProtectedGuest.Stack), ProtectedGuest.Data3);
    }

    [Fact]
    public void CallGate_TooPrivileged_NamesTheGate()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.CallGate(ProtectedGuest.Code0, ProtectedGuest.Target, 0, dpl: 0));
        guest.RunToHandler(a => a.call(Gate | 3, 0)).Should().Be(13);
        guest.StackItem(0).Should().Be(Gate);
    }

    [Fact]
    public void CallGate_NotPresent_IsItsOwnFault()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.NotPresent(Descriptors.CallGate(ProtectedGuest.Code0, 0, 0)));
        guest.RunToHandler(a => a.call(Gate | 3, 0)).Should().Be(11);
        guest.StackItem(0).Should().Be(Gate);
    }

    [Fact]
    public void JmpThroughGate_ToInnerLevel_IsRefused()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.SetDescriptor(Gate, Descriptors.CallGate(ProtectedGuest.Code0, ProtectedGuest.Target, 0));
        guest.RunToHandler(a => a.jmp(Gate | 3, 0)).Should().Be(13);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code0);
    }

    [Fact]
    public void Retf_ToInnerLevel_IsRefusedAndLeavesTheStack()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Vm.Memory.Write(ProtectedGuest.Stack, ProtectedGuest.Target);
        guest.Vm.Memory.Write(ProtectedGuest.Stack + 4, (uint)ProtectedGuest.Code0);
        guest.RunToHandler(a => a.retf()).Should().Be(13);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code0);
        guest.StackItem(4).Should().Be(ProtectedGuest.Stack);
    }

    [Fact]
    public void SysenterAndSysexit_GoThereAndBack()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Cpu.SetMsr(0x174, ProtectedGuest.Code0);
        guest.Cpu.SetMsr(0x175, ProtectedGuest.InnerStack);
        guest.Cpu.SetMsr(0x176, ProtectedGuest.Target);
        guest.Assemble(
            a =>
            {
                a.mov(ebx, esp);
                a.mov(ecx, 0x1_8000);
                a.mov(edx, ProtectedGuest.Code + 2);
                a.sysexit();
            },
            ProtectedGuest.Target);
        guest.RunToHandler(a =>
        {
            a.sysenter();
            a.ud2();
        }).Should().Be(6);
        guest.Registers.Rbx.Should().Be(ProtectedGuest.InnerStack);
        guest.StackItem(0).Should().Be(ProtectedGuest.Code + 2);
        guest.StackItem(1).Should().Be(ProtectedGuest.Code3); // 08h + 16, RPL 3
        guest.StackItem(3).Should().Be(0x1_8000);
        guest.StackItem(4).Should().Be(ProtectedGuest.Data3);
    }
}
