using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class ArithmeticFlagsTests
{
    public static TheoryData<uint> States => [.. Values.AllFlagStates];

    [Fact]
    public void AllFlagStates_AreTheSixtyFourSubsetsOfTheMask() =>
        Values.AllFlagStates.Distinct().Should().HaveCount(64).And.OnlyContain(state => (state & ~ArithmeticFlags.Mask) == 0);

    [Theory]
    [MemberData(nameof(States))]
    public void FromRflags_AnyCombination_ComesBackAndShowsInEveryProperty(uint state)
    {
        var flags = ArithmeticFlags.FromRflags(state);

        flags.ToRflags().Should().Be(state);
        (flags.Carry, flags.Parity, flags.Adjust).Should().Be(((state & 1) != 0, (state & 4) != 0, (state & 0x10) != 0));
        (flags.Zero, flags.Sign, flags.Overflow).Should().Be(((state & 0x40) != 0, (state & 0x80) != 0, (state & 0x800) != 0));
        flags.Less.Should().Be(((state & 0x80) != 0) != ((state & 0x800) != 0));
        flags.CarryIn<byte>().Should().Be((byte)(state & 1));
        flags.CarryIn<ulong>().Should().Be(state & 1);
    }

    [Theory]
    [MemberData(nameof(States))]
    public void FromRflags_OtherBits_AreIgnored(uint state) =>
        ArithmeticFlags.FromRflags(state | ~(ulong)ArithmeticFlags.Mask).ToRflags().Should().Be(state);

    [Theory]
    [MemberData(nameof(States))]
    public void Setters_OfOneFlag_LeaveTheOtherFive(uint state)
    {
        foreach (bool value in new[] { false, true })
        {
            AfterSetting(state, (ref f) => f.SetCarry(value)).Should().Be((state & ~1u) | (value ? 1u : 0));
            AfterSetting(state, (ref f) => f.SetAdjust(value)).Should().Be((state & ~0x10u) | (value ? 0x10u : 0));
            AfterSetting(state, (ref f) => f.SetZero(value)).Should().Be((state & ~0x40u) | (value ? 0x40u : 0));
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void SetCarryOverflow_AllFourValues_LeavesTheOtherFour(uint state)
    {
        foreach ((bool carry, bool overflow) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            uint expected = (state & ~0x801u) | (carry ? 1u : 0) | (overflow ? 0x800u : 0);
            AfterSetting(state, (ref f) => f.SetCarryOverflow(carry, overflow)).Should().Be(expected);
            ulong carryWord = carry ? ulong.MaxValue : ulong.MaxValue >> 1; // only bit 63 counts
            ulong overflowWord = overflow ? 1UL << 63 : 0;
            AfterSetting(state, (ref f) => f.SetCarryOverflow(carryWord, overflowWord)).Should().Be(expected);
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void ResultSetters_AnyStateBefore_SetTheResultsFlags(uint state)
    {
        AfterSetting(state, (ref f) => f.SetLogic((byte)0x80)).Should().Be(Expected.Sign);
        AfterSetting(state, (ref f) => f.SetLogic((ushort)0x80)).Should().Be(0);
        AfterSetting(state, (ref f) => f.SetZeroSignParity(0u)).Should().Be((state & 0x811) | Expected.Zero | Expected.Parity);
        AfterSetting(state, (ref f) => f.SetZeroSignParity(0x8000_0003u)).Should().Be((state & 0x811) | Expected.Sign | Expected.Parity);
        AfterSetting(state, (ref f) => f.SetNonZero((byte)0)).Should().Be(Expected.Parity);
        AfterSetting(state, (ref f) => f.SetNonZero(1UL << 63)).Should().Be(Expected.Sign | Expected.Parity);
        AfterSetting(state, (ref f) => f.SetShifted((ushort)1, carry: 1UL << 63, overflow: 0)).Should().Be(Expected.Carry);
        AfterSetting(state, (ref f) => f.SetShifted((ushort)1, carry: 1, overflow: ulong.MaxValue)).Should().Be(Expected.Overflow);
    }

    private static uint AfterSetting(uint state, Change change)
    {
        var flags = ArithmeticFlags.FromRflags(state);
        change(ref flags);
        return flags.ToRflags();
    }

    private delegate void Change(ref ArithmeticFlags flags);
}
