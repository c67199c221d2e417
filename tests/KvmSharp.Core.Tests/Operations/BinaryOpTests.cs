using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class BinaryOpTests
{
    [Fact]
    public void Apply_EveryByteAndCarry_IsWideArithmetic()
    {
        for (uint a = 0; a < 256; a++)
        {
            for (uint b = 0; b < 256; b++)
            {
                CheckAll<byte>(a, b, 0);
                CheckAll<byte>(a, b, ArithmeticFlags.Mask);
            }
        }
    }

    [Fact]
    public void Apply_EveryFlagStateBefore_OnlyCarryMatters()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            CheckAll<byte>(0x7F, 0x80, before);
            CheckAll<uint>(uint.MaxValue, 0, before);
        }
    }

    [Fact]
    public void Apply_WordsToQuadwords_IsWideArithmetic() => Values.ForAll((a, b, before) =>
    {
        CheckAll<ushort>(a, b, before);
        CheckAll<uint>(a, b, before);
        CheckAll<ulong>(a, b, before);
    });

    [Fact]
    public void Stores_CompareAndTest_AreTheOnlyOnesThatDoNot()
    {
        bool[] stores = [Add.Stores, Adc.Stores, Sub.Stores, Sbb.Stores, And.Stores, Or.Stores, Xor.Stores, ImulLow.Stores];
        stores.Should().OnlyContain(s => s);
        Cmp.Stores.Should().BeFalse();
        Test.Stores.Should().BeFalse();
    }

    [Theory]
    [InlineData(0x7FFF_FFFF_FFFF_FFFF, 1, false, true)] // signed overflow, no carry
    [InlineData(ulong.MaxValue, 1, true, false)] // carry out of bit 63, no overflow
    [InlineData(0x8000_0000_0000_0000, 0x8000_0000_0000_0000, true, true)]
    public void Sum_QuadwordEdges_SetCarryAndOverflow(ulong a, ulong b, bool carry, bool overflow)
    {
        var flags = default(ArithmeticFlags);
        Adder.Sum(a, b, 0UL, ref flags);
        (flags.Carry, flags.Overflow).Should().Be((carry, overflow));
    }

    private static void CheckAll<T>(ulong wideA, ulong wideB, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T ta = T.CreateTruncating(wideA), tb = T.CreateTruncating(wideB);
        int width = Operand.Bits<T>();
        ulong a = wideA & Expected.Ones(width), b = wideB & Expected.Ones(width);
        uint carry = before & 1;
        Check<Add, T>(ta, tb, before, Expected.Sum(a, b, 0, width));
        Check<Adc, T>(ta, tb, before, Expected.Sum(a, b, carry, width));
        Check<Sub, T>(ta, tb, before, Expected.Difference(a, b, 0, width));
        Check<Cmp, T>(ta, tb, before, Expected.Difference(a, b, 0, width));
        Check<Sbb, T>(ta, tb, before, Expected.Difference(a, b, carry, width));
        Check<And, T>(ta, tb, before, Logic(a & b, width));
        Check<Test, T>(ta, tb, before, Logic(a & b, width));
        Check<Or, T>(ta, tb, before, Logic(a | b, width));
        Check<Xor, T>(ta, tb, before, Logic(a ^ b, width));
    }

    private static (ulong Result, uint Flags) Logic(ulong result, int width) => (result, Expected.ZeroSignParity(result, width));

    private static void Check<TOp, T>(T a, T b, uint before, (ulong Result, uint Flags) expected)
        where TOp : IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(a, b, ref flags);
        Expected.Same(result, flags, expected.Result, expected.Flags, typeof(TOp).Name, ulong.CreateTruncating(a), ulong.CreateTruncating(b), before);
    }
}
