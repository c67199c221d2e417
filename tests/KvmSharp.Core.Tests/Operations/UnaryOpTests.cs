using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class UnaryOpTests
{
    [Fact]
    public void Apply_EveryByteAndFlagState_IsWideArithmetic()
    {
        foreach (uint before in Values.AllFlagStates)
        {
            for (uint a = 0; a < 256; a++)
            {
                CheckAll<byte>(a, before);
            }
        }
    }

    [Fact]
    public void Apply_WordsToQuadwords_IsWideArithmetic() => Values.ForAll((a, _, before) =>
    {
        CheckAll<ushort>(a, before);
        CheckAll<uint>(a, before);
        CheckAll<ulong>(a, before);
    });

    [Fact]
    public void Bswap_EachWidth_ReversesBytesOrGivesZeroForWords()
    {
        var flags = ArithmeticFlags.FromRflags(ArithmeticFlags.Mask);

        Bswap.Apply(0x0102_0304_0506_0708UL, ref flags).Should().Be(0x0807_0605_0403_0201UL);
        Bswap.Apply(0x0102_0304u, ref flags).Should().Be(0x0403_0201u);
        Bswap.Apply((ushort)0x0102, ref flags).Should().Be(0);
        flags.ToRflags().Should().Be(ArithmeticFlags.Mask);
    }

    private static void CheckAll<T>(ulong wide, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong a = wide & Expected.Ones(width);
        (ulong sum, uint sumFlags) = Expected.Sum(a, 1, 0, width);
        (ulong less, uint lessFlags) = Expected.Difference(a, 1, 0, width);
        (ulong negated, uint negatedFlags) = Expected.Difference(0, a, 0, width);
        Check<Inc, T>(a, before, sum, (sumFlags & ~1u) | (before & 1));
        Check<Dec, T>(a, before, less, (lessFlags & ~1u) | (before & 1));
        Check<Neg, T>(a, before, negated, negatedFlags);
        Check<Not, T>(a, before, Expected.Ones(width) - a, before);
    }

    private static void Check<TOp, T>(ulong a, uint before, ulong expected, uint expectedFlags)
        where TOp : IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(T.CreateTruncating(a), ref flags);
        Expected.Same(result, flags, expected, expectedFlags, typeof(TOp).Name, a, before);
    }
}
