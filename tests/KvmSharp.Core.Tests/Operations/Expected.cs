using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

/// <summary>What the tests hold the operations against: arithmetic wide enough not to overflow, and shifts one step at a time.</summary>
internal static class Expected
{
    public const uint Carry = 1, Parity = 4, Adjust = 0x10, Zero = 0x40, Sign = 0x80, Overflow = 0x800;

    public static ulong Ones(int width) => ulong.MaxValue >> (64 - width);

    public static bool Top(ulong value, int width) => ((value >> (width - 1)) & 1) != 0;

    public static Int128 Signed(ulong value, int width) => Top(value, width) ? (Int128)value - (Int128.One << width) : value;

    public static uint If(bool set, uint flag) => set ? flag : 0;

    public static uint ZeroSignParity(ulong result, int width)
    {
        bool even = true;
        for (int bit = 0; bit < 8; bit++)
        {
            even ^= ((result >> bit) & 1) != 0;
        }

        return If(result == 0, Zero) | If(Top(result, width), Sign) | If(even, Parity);
    }

    public static (ulong Result, uint Flags) Sum(ulong a, ulong b, uint carryIn, int width)
    {
        UInt128 sum = (UInt128)a + b + carryIn;
        Int128 signed = Signed(a, width) + Signed(b, width) + carryIn;
        var result = (ulong)(sum & Ones(width));
        uint flags = ZeroSignParity(result, width) | If(sum > Ones(width), Carry) | If(signed != Signed(result, width), Overflow)
            | If((a & 15) + (b & 15) + carryIn > 15, Adjust);
        return (result, flags);
    }

    public static (ulong Result, uint Flags) Difference(ulong a, ulong b, uint borrowIn, int width)
    {
        Int128 difference = (Int128)a - b - borrowIn;
        Int128 signed = Signed(a, width) - Signed(b, width) - borrowIn;
        ulong result = (ulong)(UInt128)difference & Ones(width);
        uint flags = ZeroSignParity(result, width) | If(difference < 0, Carry) | If(signed != Signed(result, width), Overflow)
            | If((a & 15) < (b & 15) + borrowIn, Adjust);
        return (result, flags);
    }

    /// <summary>Fails with all that is known about one case, cheaply enough for millions of cases.</summary>
    public static void Same<T>(T result, ArithmeticFlags flags, ulong expected, uint expectedFlags, string name, params ReadOnlySpan<ulong> operands)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong actual = ulong.CreateTruncating(result);
        if (actual != expected || flags.ToRflags() != expectedFlags)
        {
            Assert.Fail($"{name}<{typeof(T).Name}>({string.Join(", ", operands.ToArray().Select(o => $"0x{o:X}"))}): "
                + $"expected 0x{expected:X} flags 0x{expectedFlags:X3}, got 0x{actual:X} flags 0x{flags.ToRflags():X3}");
        }
    }
}
