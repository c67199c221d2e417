using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class MultiplicationTests
{
    [Fact]
    public void Apply_EveryByte_IsTheWideProduct()
    {
        for (uint a = 0; a < 256; a++)
        {
            for (uint b = 0; b < 256; b++)
            {
                CheckAll<byte>(a, b, ArithmeticFlags.Mask);
            }
        }
    }

    [Fact]
    public void Apply_WordsToQuadwords_IsTheWideProduct() => Values.ForAll((a, b, before) =>
    {
        CheckAll<ushort>(a, b, before);
        CheckAll<uint>(a, b, before);
        CheckAll<ulong>(a, b, before);
    });

    private static void CheckAll<T>(ulong wideA, ulong wideB, uint before)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong a = wideA & Expected.Ones(width), b = wideB & Expected.Ones(width);
        var signed = (UInt128)(Expected.Signed(a, width) * Expected.Signed(b, width)); // of 64-bit operands it fits 128 bits
        Check<Mul, T>(a, b, before, (UInt128)a * b, Expected.If((UInt128)a * b > Expected.Ones(width), Expected.Carry | Expected.Overflow));
        ulong low = (ulong)signed & Expected.Ones(width);
        uint lost = Expected.If(Expected.Signed(low, width) != (Int128)signed, Expected.Carry | Expected.Overflow);
        uint flags = Check<Imul, T>(a, b, before, signed, lost);

        var truncated = ArithmeticFlags.FromRflags(before);
        T result = ImulLow.Apply(T.CreateTruncating(a), T.CreateTruncating(b), ref truncated);
        Expected.Same(result, truncated, low, flags, nameof(ImulLow), a, b, before);
    }

    private static uint Check<TOp, T>(ulong a, ulong b, uint before, UInt128 product, uint lost)
        where TOp : IMultiplyOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        var low = (ulong)(product & Expected.Ones(width));
        uint expectedFlags = lost | (Expected.ZeroSignParity(low, width) & ~Expected.Zero);
        var flags = ArithmeticFlags.FromRflags(before);
        T result = TOp.Apply(T.CreateTruncating(a), T.CreateTruncating(b), out T high, ref flags);
        Expected.Same(result, flags, low, expectedFlags, typeof(TOp).Name, a, b, before);
        Expected.Same(high, flags, (ulong)((product >> width) & Expected.Ones(width)), expectedFlags, typeof(TOp).Name + " high", a, b, before);
        return expectedFlags;
    }
}
