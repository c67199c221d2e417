using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Regions;

/// <summary>What an x87 instruction reads from memory, as translated code takes it: what raises nothing.</summary>
internal interface IX87Source
{
    static abstract bool TryWiden(long bits, out Float80 value);
}

/// <summary>What an x87 instruction writes to memory.</summary>
internal interface IX87Target
{
    static abstract bool TryStore(Float80 value, nint host, out int status);
}

/// <summary>Double precision.</summary>
internal readonly unsafe struct X87Double : IX87Source, IX87Target
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWiden(long bits, out Float80 value) => X87Binary.TryWiden((ulong)bits << 1, (int)((ulong)bits >> 63) << 15, 11, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(Float80 value, nint host, out int status)
    {
        bool done = X87Binary.TryNarrow(value, 52, 1023, out ulong bits, out status);
        if (done)
        {
            Volatile.Write(ref *(ulong*)host, bits | ((ulong)(value.SignExponent >> 15) << 63));
        }

        return done;
    }
}

/// <summary>Single precision.</summary>
internal readonly unsafe struct X87Single : IX87Source, IX87Target
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWiden(long bits, out Float80 value) => X87Binary.TryWiden((ulong)bits << 33, (int)(((ulong)bits >> 31) & 1) << 15, 8, out value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(Float80 value, nint host, out int status)
    {
        bool done = X87Binary.TryNarrow(value, 23, 127, out ulong bits, out status);
        if (done)
        {
            Volatile.Write(ref *(uint*)host, (uint)bits | ((uint)(value.SignExponent >> 15) << 31));
        }

        return done;
    }
}

/// <summary>Signed integers, which the caller has extended to 64 bits.</summary>
internal readonly struct X87Integer : IX87Source
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWiden(long bits, out Float80 value)
    {
        value = IntegerConversion.FromInt64(bits);
        return true;
    }
}

/// <summary>Signed integers in memory, rounded to nearest.</summary>
/// <typeparam name="T">The integer.</typeparam>
internal readonly unsafe struct X87IntegerTarget<T> : IX87Target
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(Float80 value, nint host, out int status)
    {
        status = 0;
        ulong magnitude = 0;
        if (!value.IsZero)
        {
            // Below one half, and what fills all 64 bits, is left to the full way.
            int fraction = 63 - (value.Exponent - Float80.Bias);
            if (!value.IsNormal || (uint)(fraction - 1) >= 63U)
            {
                return false;
            }

            magnitude = value.Significand >> fraction;
            ulong rest = value.Significand << (64 - fraction);
            bool up = rest > Float80.IntegerBit - (magnitude & 1);
            magnitude += up ? 1UL : 0;
            status = (up ? X87Status.C1 : 0) | (rest != 0 ? X87Status.Precision : 0);
            if (magnitude > ulong.CreateTruncating(T.MaxValue))
            {
                return false;
            }
        }

        *(T*)host = T.CreateTruncating(value.IsNegative ? -(long)magnitude : (long)magnitude);
        return true;
    }
}

/// <summary>The formats of 32 and 64 bits.</summary>
internal static class X87Binary
{
    /// <summary>Widens a normal number or zero.</summary>
    /// <param name="magnitude">Its bits without the sign, at the top of the word.</param>
    /// <param name="sign">The sign in bit 15.</param>
    /// <param name="exponentBits">How wide the exponent is.</param>
    /// <param name="value">The same number.</param>
    /// <returns><see langword="false"/> for other numbers.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWiden(ulong magnitude, int sign, int exponentBits, out Float80 value)
    {
        int special = (1 << exponentBits) - 1;
        int exponent = (int)(magnitude >> (64 - exponentBits));
        value = new Float80((ushort)(sign | (exponent + Float80.Bias - (special >> 1))), ((magnitude << exponentBits) >> 1) | Float80.IntegerBit);
        if ((uint)(exponent - 1) < (uint)(special - 1))
        {
            return true;
        }

        value = new Float80((ushort)sign, 0);
        return magnitude == 0;
    }

    /// <summary>Rounds to nearest what stays a normal number.</summary>
    /// <param name="value">The number.</param>
    /// <param name="fractionBits">How wide the fraction is.</param>
    /// <param name="bias">The exponent of 1.</param>
    /// <param name="bits">The result without its sign.</param>
    /// <param name="status">PE and C1, when they are raised.</param>
    /// <returns><see langword="false"/> for other numbers, unless they are zero.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNarrow(Float80 value, int fractionBits, int bias, out ulong bits, out int status)
    {
        int dropped = 63 - fractionBits;
        int exponent = value.Exponent - Float80.Bias + bias;
        ulong rest = value.Significand << (64 - dropped);
        ulong kept = value.Significand >> dropped;
        bool up = rest > Float80.IntegerBit - (kept & 1);
        status = (up ? X87Status.C1 : 0) | (rest != 0 ? X87Status.Precision : 0);

        // The integer bit adds one to the exponent, and so does a carry out of the fraction.
        bits = ((ulong)(exponent - 1) << fractionBits) + kept + (up ? 1UL : 0);
        if ((uint)(exponent - 1) < (uint)((2 * bias) - 1) && (long)value.Significand < 0)
        {
            return true;
        }

        (bits, status) = (0, 0);
        return value.IsZero;
    }
}
