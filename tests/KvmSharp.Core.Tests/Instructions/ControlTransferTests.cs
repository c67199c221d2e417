using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Instructions;

public sealed class ControlTransferTests
{
    [Fact]
    public void CallAndReturn_Direct_PushAndTakeTheAddressBehind()
    {
        using Guest guest = Guest.Flat(c => c.db(
            0xE8, 0x02, 0x00, 0x00, 0x00, // call 7
            0x40, 0xF4,                   // inc eax; hlt
            0xC2, 0x08, 0x00));           // ret 8
        guest.Run().Registers.Rip.Should().Be(Guest.Code + 7);
        guest.Memory.Read<uint>(Guest.StackTop - 4).Should().Be(Guest.Code + 5);
        GeneralRegisters after = guest.Run(2).Registers;
        (after.Rax, after.Rip, after.Rsp).Should().Be((1UL, Guest.Code + 6UL, Guest.StackTop + 8UL));
    }

    [Fact]
    public void Call_MemoryAddressedByEsp_ReadsTheTargetBeforePushing()
    {
        using Guest guest = Guest.Flat(c => c.call(__dword_ptr[esp]));
        guest.Memory.Write(Guest.StackTop - 16, Guest.Code + 0x40);
        guest.With(r => r with { Rsp = Guest.StackTop - 16 }).Run().Registers.Rip.Should().Be(Guest.Code + 0x40);
        guest.Memory.Read<uint>(Guest.StackTop - 20).Should().Be(Guest.Code + 3);
    }

    [Fact]
    public void Call_16BitOperandInA32BitSegment_TruncatesTheTarget()
    {
        using Guest guest = Guest.Flat(c => c.db(0x66, 0xFF, 0xD0)); // call ax
        GeneralRegisters after = guest.With(r => r with { Rax = 0x5555_9000 }).Run().Registers;
        (after.Rip, after.Rsp).Should().Be((0x9000UL, Guest.StackTop - 2UL));
    }

    [Fact]
    public void Call_TargetBeyondTheLimit_FaultsBeforePushing()
    {
        using Guest guest = Guest.Flat(c => c.call(eax));
        guest.Cpu.SetSpecialRegisters(guest.Cpu.GetSpecialRegisters() with { Cs = SegmentRegister.FlatCode32(8) with { Limit = 0x2_FFFF } });
        GeneralRegisters before = guest.With(r => r with { Rax = 0x3_0000 }).Registers;
        guest.Memory.Write(Guest.StackTop - 4, 0x7777_7777U);
        guest.Run().ShouldHaveFaulted(13, before);
    }

    [Theory]
    [InlineData(false, 0x1_0001, 0x1_0000, false)] // CX: 1 - 1 = 0, not taken, the upper half stays
    [InlineData(false, 0x1_0000, 0x1_FFFF, true)]  // CX: 0 - 1 wraps
    [InlineData(true, 0x1_0001, 0x1_0000, true)]   // ECX
    public void Loop_CounterWidth_FollowsTheAddressSize(bool wide, uint ecx, uint expected, bool taken)
    {
        byte[] code = wide ? [0xE2, 0x10] : [0x67, 0xE2, 0x10]; // loop +16
        using Guest guest = Guest.Flat(c => c.db(code));
        GeneralRegisters after = guest.With(r => r with { Rcx = ecx }).Run().Registers;
        after.Rcx.Should().Be(expected);
        after.Rip.Should().Be((ulong)(Guest.Code + code.Length + (taken ? 0x10 : 0)));
    }

    [Theory]
    [InlineData(0xE1, true, true)]   // LOOPE
    [InlineData(0xE1, false, false)]
    [InlineData(0xE0, true, false)]  // LOOPNE
    [InlineData(0xE0, false, true)]
    public void Loop_WithCondition_AsksForZf(byte opcode, bool zero, bool taken)
    {
        using Guest guest = Guest.Flat(c => c.db(opcode, 0x10));
        GeneralRegisters after = guest.With(r => r with { Rcx = 5, Rflags = zero ? 0x42U : 2U }).Run().Registers;
        (after.Rcx, after.Rip).Should().Be((4UL, Guest.Code + 2UL + (taken ? 0x10UL : 0)));
    }

    [Fact]
    public void Loop_TargetBeyondTheLimit_KeepsTheCounter()
    {
        using Guest guest = Guest.Flat(c => c.db(0xE2, 0x7F)); // loop +127
        guest.Cpu.SetSpecialRegisters(guest.Cpu.GetSpecialRegisters() with { Cs = SegmentRegister.FlatCode32(8) with { Limit = Guest.Code + 0x20 } });
        GeneralRegisters before = guest.With(r => r with { Rcx = 9 }).Registers;
        guest.Run().ShouldHaveFaulted(13, before);
    }

    [Theory]
    [InlineData(0x1_0000, 0x67, true)]  // jcxz
    [InlineData(0x1_0000, 0x3E, false)] // jecxz (the prefix says nothing here)
    [InlineData(0, 0x3E, true)]
    public void JumpIfCounterIsZero_CounterWidth_FollowsTheAddressSize(uint ecx, byte prefix, bool taken)
    {
        using Guest guest = Guest.Flat(c => c.db(prefix, 0xE3, 0x20));
        guest.With(r => r with { Rcx = ecx }).Run().Registers.Rip.Should().Be(Guest.Code + 3UL + (taken ? 0x20UL : 0));
    }

    [Fact]
    public void Loop_ManyRounds_CountsEachAsOneInstruction()
    {
        using Guest guest = Guest.Flat(c => c.db(0x40, 0xE2, 0xFD)); // inc eax; loop -3
        GeneralRegisters after = guest.With(r => r with { Rcx = 1000 }).Run(1999).Registers;
        (after.Rax, after.Rcx, after.Rip).Should().Be((1000UL, 1UL, Guest.Code + 1UL));
    }
}
