using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>RCPPS, RCPSS: 1/x to 12 bits. Intel SDM Vol. 2B, "RCPPS".</summary>
/// <remarks>
/// The result depends on the top 11 bits of the fraction: it is the reciprocal of the middle of that interval, rounded to 12 bits of fraction.
/// No exceptions; denormal operands count as zero and tiny results are zero, whatever MXCSR says.
/// </remarks>
internal readonly struct Reciprocal : IFloatOp
{
    private const int IndexBits = 11;
    private const int ResultBits = 12;

    public static bool HasHost => false;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (FloatFormat<TFormat>.IsNaN(b))
        {
            return b | FloatFormat<TFormat>.QuietBit;
        }

        bool negative = FloatFormat<TFormat>.IsNegative(b);
        if (FloatFormat<TFormat>.IsZero(b) || FloatFormat<TFormat>.IsDenormal(b))
        {
            return FloatFormat<TFormat>.Signed(negative, FloatFormat<TFormat>.Infinity);
        }

        if (FloatFormat<TFormat>.IsInfinity(b))
        {
            return FloatFormat<TFormat>.Signed(negative, 0);
        }

        ulong index = (b & FloatFormat<TFormat>.FractionMask) >> (TFormat.FractionBits - IndexBits);
        ulong middle = (2UL << IndexBits) + (2 * index) + 1; // times 2^-12: from 1 to 2

        // The reciprocal is from 1/2 to 1: with its first bit at ResultBits it is 2^(12 + 12 + 1) / middle.
        ulong dividend = 1UL << (IndexBits + 1 + ResultBits + 1);
        ulong significand = ((2 * dividend / middle) + 1) >> 1;
        int exponent = (2 * FloatFormat<TFormat>.Bias) - 1 - (int)((b & FloatFormat<TFormat>.MagnitudeMask) >> TFormat.FractionBits);
        ulong magnitude = ((ulong)exponent << TFormat.FractionBits) + ((significand << (TFormat.FractionBits - ResultBits)) & FloatFormat<TFormat>.FractionMask);
        return FloatFormat<TFormat>.Signed(negative, exponent > 0 ? magnitude : 0);
    }

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => throw new NotSupportedException();
}

/// <summary>RSQRTPS, RSQRTSS: 1/sqrt(x) to 12 bits. Intel SDM Vol. 2B, "RSQRTPS".</summary>
/// <remarks>As <see cref="Reciprocal"/>, from the exponent's lowest bit and the top 10 bits of the fraction.</remarks>
internal readonly struct ReciprocalSquareRoot : IFloatOp
{
    private const int IndexBits = 10;
    private const int ResultBits = 12;

    public static bool HasHost => false;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (FloatFormat<TFormat>.IsNaN(b))
        {
            return b | FloatFormat<TFormat>.QuietBit;
        }

        bool negative = FloatFormat<TFormat>.IsNegative(b);
        if (FloatFormat<TFormat>.IsZero(b) || FloatFormat<TFormat>.IsDenormal(b))
        {
            return FloatFormat<TFormat>.Signed(negative, FloatFormat<TFormat>.Infinity);
        }

        if (negative)
        {
            return FloatFormat<TFormat>.Indefinite;
        }

        if (FloatFormat<TFormat>.IsInfinity(b))
        {
            return 0;
        }

        int exponent = (int)(b >> TFormat.FractionBits) - FloatFormat<TFormat>.Bias;
        ulong index = (b & FloatFormat<TFormat>.FractionMask) >> (TFormat.FractionBits - IndexBits);
        ulong middle = ((2UL << IndexBits) + (2 * index) + 1) << (exponent & 1); // times 2^-11: from 1 to 4

        // The root's reciprocal r is from 1/2 to 1; with its first bit at ResultBits, r^2 * middle is 2^(2 * 13 + 11).
        ulong significand = Nearest(middle);
        int biased = FloatFormat<TFormat>.Bias - 1 - (exponent >> 1);
        return ((ulong)biased << TFormat.FractionBits)
            + ((significand << (TFormat.FractionBits - ResultBits)) & FloatFormat<TFormat>.FractionMask);
    }

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => throw new NotSupportedException();

    // Binary search for the largest root below, in half units; the last bit rounds.
    private static ulong Nearest(ulong middle)
    {
        const ulong Target = 1UL << ((2 * (ResultBits + 2)) + IndexBits + 1);
        ulong root = 0;
        for (ulong bit = 1UL << (ResultBits + 1); bit != 0; bit >>= 1)
        {
            ulong next = root | bit;
            root = next * next * middle <= Target ? next : root;
        }

        return (root + 1) >> 1;
    }
}
