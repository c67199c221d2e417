using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Events;

public class LongModeDeliveryTests
{
    private const ulong ResumeFlag = 1 << 16;

    // Instructions that raise a vector at any privilege.
    public static TheoryData<int, byte[], uint?> Raisers => new()
    {
        { 0, [0x48, 0xF7, 0xF1], null },                         // div rcx, which is 0
        { 6, [0x0F, 0x0B], null },                               // ud2
        { 13, [0x48, 0x8E, 0xD8], 0x7770 },                      // mov ds,rax
        { 13, [0x48, 0x8B, 0x03], 0 },                           // mov rax,[rbx]: not canonical
        { 12, [0x48, 0x8B, 0x45, 0x00], 0 },                     // mov rax,[rbp]: the same through SS
        { 14, [0x48, 0x8B, 0x04, 0x25, 0, 0, 0x40, 0], null },   // mov rax,[400000h]
    };

    [Theory]
    [MemberData(nameof(Raisers))]
    public void Fault_FromUser_PushesAFullFrameOnRsp0(int vector, byte[] code, uint? errorCode)
    {
        using var guest = new LongGuest(cpl: 3);
        ulong before = Prepare(guest);
        guest.RunToHandler(a => a.db(code)).Should().Be(vector);

        int first = vector is 0 or 6 ? 0 : 1;
        ShouldHaveFrame(guest, first, before, LongGuest.Code3, LongGuest.Data3, LongGuest.InnerStack);
        guest.Special.Ss.Selector.Should().Be(0);
        guest.Special.Cs.Selector.Should().Be(LongGuest.Code0);
        if (errorCode is { } expected)
        {
            guest.StackItem(0).Should().Be(expected);
        }
    }

    [Theory]
    [MemberData(nameof(Raisers))]
    public void Fault_FromKernel_PushesSsAndRspOnTheAlignedPresentStack(int vector, byte[] code, uint? errorCode)
    {
        using var guest = new LongGuest();
        ulong before = Prepare(guest);
        guest.RunToHandler(a => a.db(code)).Should().Be(vector);

        int first = vector is 0 or 6 ? 0 : 1;
        ShouldHaveFrame(guest, first, before, LongGuest.Code0, LongGuest.Data0, before & ~15UL);
        guest.Special.Ss.Selector.Should().Be(LongGuest.Data0, "no change of level leaves SS alone");
        if (errorCode is { } expected)
        {
            guest.StackItem(0).Should().Be(expected);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Fault_GateWithInterruptStack_StartsThere(int cpl)
    {
        using var guest = new LongGuest(cpl);
        guest.SetGate(6, LongGuest.HandlerOf(6), interruptStack: 1);
        guest.RunToHandler(a => a.ud2()).Should().Be(6);
        guest.Registers.Rsp.Should().Be(LongGuest.InterruptStack - 40);
        guest.StackItem(3).Should().Be(LongGuest.Stack);
    }

    [Fact]
    public void Fault_HandlerInTheUpperHalf_IsReached()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetGate(6, LongGuest.High + LongGuest.Target);
        guest.Run(a => a.ud2()).Reason.Should().Be(VmExitReason.Hlt);
        guest.Registers.Rip.Should().Be(LongGuest.High + LongGuest.Target + 1);
    }

    [Theory]
    [InlineData(0x0Eu, 13, (0x81 * 8) + 2)] // privilege 0, so not for users
    [InlineData(0x85u, 13, (0x81 * 8) + 2)] // a task gate
    [InlineData(0x86u, 13, (0x81 * 8) + 2)] // a 16-bit gate
    [InlineData(0xEEu, 13, LongGuest.Compatible0)] // a gate to code that is not 64-bit
    public void SoftwareInterrupt_BadGate_IsRefused(uint access, int vector, uint errorCode)
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetGate(0x81, LongGuest.Target, access == 0xEE ? LongGuest.Compatible0 : LongGuest.Code0, (byte)access);
        guest.RunToHandler(a => a.@int(0x81)).Should().Be(vector);
        guest.StackItem(0).Should().Be(errorCode);
        guest.StackItem(1).Should().Be(LongGuest.Code);
    }

    [Fact]
    public void SoftwareInterrupt_UserGateNotPresent_IsNp()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetGate(0x81, LongGuest.Target, access: 0x6E);
        guest.RunToHandler(a => a.@int(0x81)).Should().Be(11);
        guest.StackItem(0).Should().Be((0x81 * 8) + 2);
    }

    [Fact]
    public void SoftwareInterrupt_TrapGate_LeavesInterruptsOnAndIretqReturns()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.SetGate(0x80, LongGuest.Target, access: 0xEF);
        guest.Assemble(
            a =>
            {
                a.pushfq();
                a.pop(r15);
                a.iretq();
            },
            LongGuest.Target);
        guest.Registers = guest.Registers with { Rflags = 0x202 };
        guest.RunToHandler(a =>
        {
            a.mov(r14, 0x1122_3344_5566_7788);
            a.@int(0x80);
            a.ud2();
        }).Should().Be(6);
        (guest.Registers.R15 & 0x200).Should().Be(0x200);
        guest.Registers.R14.Should().Be(0x1122_3344_5566_7788);
        guest.StackItem(0).Should().Be(LongGuest.Code + 12);
        guest.StackItem(3).Should().Be(LongGuest.Stack);
    }

    [Fact]
    public void Fault_StackPointerNotCanonicalInTss_IsDoubleFaultOnTheInterruptStack()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.Memory.Write(LongGuest.Tss + 4, LongGuest.NotCanonical);
        guest.SetGate(8, LongGuest.HandlerOf(8), interruptStack: 1);
        guest.Registers = guest.Registers with { Rbx = LongGuest.NotCanonical };
        guest.RunToHandler(a => a.mov(rax, __[rbx])).Should().Be(8, "#SS is met while #GP is delivered");
    }

    [Fact]
    public void Interrupt_FromCompatibilityMode_IsDeliveredIn64BitMode()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.Special = guest.Special with { Cs = SegmentRegister.FlatCode32(LongGuest.Compatible3) with { Dpl = 3 } };
        guest.Assemble(a => a.ud2(), bits: 32);
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        guest.Special.Cs.LongMode.Should().BeTrue();
        guest.StackItem(1).Should().Be(LongGuest.Compatible3);
        guest.Registers.Rsp.Should().Be(LongGuest.InnerStack - 40);
    }

    [Fact]
    public void SingleStep_InLongMode_TrapsBehindTheInstruction()
    {
        using var guest = new LongGuest(cpl: 3);
        guest.Registers = guest.Registers with { Rflags = 0x102 };
        guest.RunToHandler(a =>
        {
            a.mov(rax, 1);
            a.ud2();
        }).Should().Be(1);
        (guest.StackItem(2) & ResumeFlag).Should().Be(0);
        guest.Registers.Rax.Should().Be(1);
    }

    private static ulong Prepare(LongGuest guest)
    {
        const ulong Misaligned = LongGuest.Stack - 8;
        guest.Registers = guest.Registers with
        {
            Rsp = Misaligned,
            Rax = 0x7773,
            Rbx = LongGuest.NotCanonical,
            Rbp = LongGuest.NotCanonical - 4,
        };
        return Misaligned;
    }

    private static void ShouldHaveFrame(LongGuest guest, int first, ulong rsp, ushort cs, ushort ss, ulong top)
    {
        guest.Registers.Rsp.Should().Be(top - (ulong)((5 + first) * 8));
        guest.StackItem(first).Should().Be(LongGuest.Code);
        guest.StackItem(first + 1).Should().Be(cs);
        guest.StackItem(first + 2).Should().Be(2 | ResumeFlag);
        guest.StackItem(first + 3).Should().Be(rsp);
        guest.StackItem(first + 4).Should().Be(ss);
    }
}
