using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class ShiftOpTests
{
    /// <summary>One step by one bit: the operand and CF before, the operand and CF after.</summary>
    private delegate (ulong Value, bool Carry) Step(ulong value, bool carry, int width);

    [Fact]
    public void Apply_EveryByteCountAndCarry_IsThatManySingleSteps()
    {
        for (uint value = 0; value < 256; value++)
        {
            for (int count = 0; count < 256; count++)
            {
                CheckAll<byte>(value, count, 0);
                CheckAll<byte>(value, count, ArithmeticFlags.Mask);
            }
        }
    }

    [Fact]
    public void Apply_WordsToQuadwordsEveryCount_IsThatManySingleSteps() => Values.ForAll((value, seed, before) =>
    {
        var count = (int)(seed % 256);
        CheckAll<ushort>(value, count, before);
        CheckAll<uint>(value, count, before);
        CheckAll<ulong>(value, count, before);
    });

    [Fact]
    public void Apply_EveryFlagState_ZeroCountKeepsAllAndRotatesKeepFour()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            foreach (int count in new[] { 0, 1, 8, 9, 16, 17, 18, 31, 32, 63, 64, 0x80 })
            {
                CheckAll<byte>(0x96, count, before);
                CheckAll<ushort>(0x8001, count, before);
                CheckAll<uint>(0x4000_0001, count, before);
                CheckAll<ulong>(0xC000_0000_0000_0001, count, before);
            }
        }
    }

    [Theory]
    [InlineData(0x81, 8, 0x81, true)] // a whole turn: nothing moves, yet CF is set from bit 0
    [InlineData(0x80, 16, 0x80, false)]
    [InlineData(0x80, 32, 0x80, false)] // masked to 0
    public void Rol_MultipleOfTheWidth_SetsCarryUnlessMaskedToZero(byte value, int count, byte expected, bool carry)
    {
        var flags = default(ArithmeticFlags);
        Rol.Apply(value, count, ref flags).Should().Be(expected);
        flags.Carry.Should().Be(carry);
    }

    private static void CheckAll<T>(ulong wide, int count, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        Check<Shl, T>(wide, count, before, (v, _, w) => (v << 1, Expected.Top(v, w)), rotates: false);
        Check<Shr, T>(wide, count, before, (v, _, _) => (v >> 1, (v & 1) != 0), rotates: false);
        Check<Sar, T>(wide, count, before, (v, _, w) => ((v >> 1) | (v & (1UL << (w - 1))), (v & 1) != 0), rotates: false);
        Check<Rol, T>(wide, count, before, (v, _, w) => ((v << 1) | (v >> (w - 1)), Expected.Top(v, w)), rotates: true);
        Check<Ror, T>(wide, count, before, (v, _, w) => ((v >> 1) | (v << (w - 1)), (v & 1) != 0), rotates: true);
        Check<Rcl, T>(wide, count, before, (v, c, w) => ((v << 1) | (c ? 1UL : 0), Expected.Top(v, w)), rotates: true, turn: Operand.Bits<T>() + 1);
        Check<Rcr, T>(wide, count, before, (v, c, w) => ((v >> 1) | ((c ? 1UL : 0) << (w - 1)), (v & 1) != 0), rotates: true, turn: Operand.Bits<T>() + 1);
    }

    private static void Check<TOp, T>(ulong wide, int count, uint before, Step step, bool rotates, int turn = int.MaxValue)
        where TOp : IShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong value = wide & Expected.Ones(width);
        (ulong Value, bool Carry) state = (value, (before & 1) != 0);
        bool overflow = (before & Expected.Overflow) != 0;
        int steps = count % (width == 64 ? 64 : 32) % turn;
        for (int i = 0; i < steps; i++)
        {
            ulong old = state.Value;
            state = step(old, state.Carry, width);
            state.Value &= Expected.Ones(width);
            overflow = i == 0 ? Expected.Top(old, width) != Expected.Top(state.Value, width) : overflow; // OF: the sign changed in the first step
        }

        uint kept = rotates || steps == 0 ? before & ~(Expected.Carry | Expected.Overflow) : Expected.ZeroSignParity(state.Value, width);
        uint expectedFlags = kept | Expected.If(state.Carry, Expected.Carry) | Expected.If(overflow, Expected.Overflow);

        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(T.CreateTruncating(value), count, ref flags);
        Expected.Same(result, flags, state.Value, expectedFlags, typeof(TOp).Name, value, (ulong)count, before);
    }
}
