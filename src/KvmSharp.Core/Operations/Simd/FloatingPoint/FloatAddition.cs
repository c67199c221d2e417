using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>ADDPS, ADDPD, ADDSS, ADDSD. Intel SDM Vol. 2A.</summary>
internal readonly struct FloatAdd : IFloatOp
{
    public static bool HasHost => true;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat => FloatSum.Of<TFormat>(a, b, 0, ref status);

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => a + b;

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a + b;

    public static bool GivesExactZero(bool aIsZero, bool bIsZero) => true;
}

/// <summary>SUBPS, SUBPD, SUBSS, SUBSD. Intel SDM Vol. 2B.</summary>
internal readonly struct FloatSubtract : IFloatOp
{
    public static bool HasHost => true;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat => FloatSum.Of<TFormat>(a, b, FloatFormat<TFormat>.SignBit, ref status);

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => a - b;

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a - b;

    public static bool GivesExactZero(bool aIsZero, bool bIsZero) => true;
}

/// <summary>The adder that addition and subtraction share.</summary>
internal static class FloatSum
{
    public static ulong Of<TFormat>(ulong a, ulong b, ulong negation, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        a = SpecialOperands.Read<TFormat>(a, status);
        b = SpecialOperands.Read<TFormat>(b, status);
        if (SpecialOperands.TryNaN<TFormat>(a, b, ref status, out ulong nan))
        {
            return nan;
        }

        b ^= negation;
        bool infinite = FloatFormat<TFormat>.IsInfinity(a);
        if (infinite && FloatFormat<TFormat>.IsInfinity(b) && a != b)
        {
            return SpecialOperands.Invalid<TFormat>(ref status);
        }

        SpecialOperands.NoteDenormals<TFormat>(a, b, ref status);
        if (infinite || FloatFormat<TFormat>.IsInfinity(b))
        {
            return infinite ? a : b;
        }

        if (FloatFormat<TFormat>.IsZero(a))
        {
            return FloatFormat<TFormat>.IsZero(b)
                ? FloatFormat<TFormat>.Signed(status.Rounding == RoundingMode.Down ? FloatFormat<TFormat>.IsNegative(a | b) : FloatFormat<TFormat>.IsNegative(a & b), 0)
                : Rounding.Round<TFormat>(Unpacked.From<TFormat>(b), ref status);
        }

        return FloatFormat<TFormat>.IsZero(b)
            ? Rounding.Round<TFormat>(Unpacked.From<TFormat>(a), ref status)
            : OfNumbers<TFormat>(Unpacked.From<TFormat>(a), Unpacked.From<TFormat>(b), ref status);
    }

    private static ulong OfNumbers<TFormat>(Unpacked a, Unpacked b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (a.Exponent < b.Exponent || (a.Exponent == b.Exponent && a.Significand < b.Significand))
        {
            (a, b) = (b, a);
        }

        ulong aligned = Rounding.ShiftRightSticky(b.Significand, a.Exponent - b.Exponent);
        if (a.Negative == b.Negative)
        {
            ulong sum = a.Significand + aligned;
            bool carry = (long)sum < 0;
            var value = new Unpacked(a.Negative, a.Exponent + (carry ? 1 : 0), carry ? Rounding.ShiftRightSticky(sum, 1) : sum);
            return Rounding.Round<TFormat>(value, ref status);
        }

        ulong difference = a.Significand - aligned;
        if (difference == 0)
        {
            return FloatFormat<TFormat>.Signed(status.Rounding == RoundingMode.Down, 0);
        }

        int shift = BitOperations.LeadingZeroCount(difference) - 1;
        return Rounding.Round<TFormat>(new Unpacked(a.Negative, a.Exponent - shift, difference << shift), ref status);
    }
}
