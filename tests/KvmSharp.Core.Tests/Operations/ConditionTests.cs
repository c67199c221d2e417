using System.Numerics;
using KvmSharp.Operations;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Tests.Operations;

public class ConditionTests
{
    [Fact]
    public void Test_EveryFlagState_IsTheManualsFormula()
    {
        foreach (uint state in Values.AllFlagStates)
        {
            bool carry = (state & 1) != 0, parity = (state & 4) != 0, zero = (state & 0x40) != 0;
            bool sign = (state & 0x80) != 0, overflow = (state & 0x800) != 0;
            CheckPair<Overflow, NotOverflow>(state, overflow);
            CheckPair<Below, AboveOrEqual>(state, carry);
            CheckPair<Equal, NotEqual>(state, zero);
            CheckPair<BelowOrEqual, Above>(state, carry || zero);
            CheckPair<Sign, NotSign>(state, sign);
            CheckPair<Parity, NotParity>(state, parity);
            CheckPair<Less, GreaterOrEqual>(state, sign != overflow);
            CheckPair<LessOrEqual, Greater>(state, zero || sign != overflow);
        }
    }

    [Fact]
    public void TestCompared_EveryByte_IsTheTestAfterCmp()
    {
        for (uint a = 0; a < 256; a++)
        {
            for (uint b = 0; b < 256; b++)
            {
                CheckCompared<byte>(a, b);
            }
        }
    }

    [Fact]
    public void TestCompared_WordsToQuadwords_IsTheTestAfterCmp() => Values.ForAll((a, b, _) =>
    {
        CheckCompared<ushort>(a, b);
        CheckCompared<uint>(a, b);
        CheckCompared<ulong>(a, b);
        CheckCompared<ulong>(a, a);
    });

    [Fact]
    public void FlagsRead_EveryCondition_AreTheOnlyFlagsThatDecide()
    {
        CheckReads<Overflow, NotOverflow>();
        CheckReads<Below, AboveOrEqual>();
        CheckReads<Equal, NotEqual>();
        CheckReads<BelowOrEqual, Above>();
        CheckReads<Sign, NotSign>();
        CheckReads<Parity, NotParity>();
        CheckReads<Less, GreaterOrEqual>();
        CheckReads<LessOrEqual, Greater>();
    }

    private static void CheckPair<TCondition, TOpposite>(uint state, bool expected)
        where TCondition : ICondition
        where TOpposite : ICondition
    {
        var flags = ArithmeticFlags.FromRflags(state);
        TCondition.Test(flags).Should().Be(expected, "{0} of 0x{1:X3}", typeof(TCondition).Name, state);
        TOpposite.Test(flags).Should().Be(!expected, "{0} of 0x{1:X3}", typeof(TOpposite).Name, state);
    }

    private static void CheckReads<TCondition, TOpposite>()
        where TCondition : ICondition
        where TOpposite : ICondition
    {
        uint decisive = 0;
        foreach (uint state in Values.AllFlagStates)
        {
            for (uint flag = 1; flag <= Expected.Overflow; flag <<= 1)
            {
                bool changes = TCondition.Test(ArithmeticFlags.FromRflags(state)) != TCondition.Test(ArithmeticFlags.FromRflags(state ^ flag));
                decisive |= Expected.If(changes, flag);
            }
        }

        TCondition.FlagsRead.Should().Be(decisive, typeof(TCondition).Name);
        TOpposite.FlagsRead.Should().Be(decisive, typeof(TOpposite).Name);
    }

    private static void CheckCompared<T>(ulong wideA, ulong wideB)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T a = T.CreateTruncating(wideA), b = T.CreateTruncating(wideB);
        int width = Operand.Bits<T>();
        ulong x = ulong.CreateTruncating(a), y = ulong.CreateTruncating(b);
        (_, uint state) = Expected.Difference(x, y, 0, width);
        Int128 signedA = Expected.Signed(x, width), signedB = Expected.Signed(y, width);
        Compare<Overflow, NotOverflow, T>(a, b, (state & Expected.Overflow) != 0);
        Compare<Below, AboveOrEqual, T>(a, b, x < y);
        Compare<Equal, NotEqual, T>(a, b, x == y);
        Compare<BelowOrEqual, Above, T>(a, b, x <= y);
        Compare<Sign, NotSign, T>(a, b, (state & Expected.Sign) != 0);
        Compare<Parity, NotParity, T>(a, b, (state & Expected.Parity) != 0);
        Compare<Less, GreaterOrEqual, T>(a, b, signedA < signedB);
        Compare<LessOrEqual, Greater, T>(a, b, signedA <= signedB);
    }

    private static void Compare<TCondition, TOpposite, T>(T a, T b, bool expected)
        where TCondition : ICondition
        where TOpposite : ICondition
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = default(ArithmeticFlags);
        Cmp.Apply(a, b, ref flags);
        if (TCondition.TestCompared(a, b) != expected || TOpposite.TestCompared(a, b) == expected
            || TCondition.Test(flags) != expected || TOpposite.Test(flags) == expected)
        {
            Assert.Fail($"{typeof(TCondition).Name} or {typeof(TOpposite).Name} of {typeof(T).Name} 0x{a:X}, 0x{b:X}: expected {expected}");
        }
    }
}
