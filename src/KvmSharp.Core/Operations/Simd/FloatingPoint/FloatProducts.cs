using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>MULPS, MULPD, MULSS, MULSD. Intel SDM Vol. 2B.</summary>
internal readonly struct FloatMultiply : IFloatOp
{
    public static bool HasHost => true;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        a = SpecialOperands.Read<TFormat>(a, status);
        b = SpecialOperands.Read<TFormat>(b, status);
        if (SpecialOperands.TryNaN<TFormat>(a, b, ref status, out ulong nan))
        {
            return nan;
        }

        bool negative = FloatFormat<TFormat>.IsNegative(a ^ b);
        bool infinite = FloatFormat<TFormat>.IsInfinity(a) || FloatFormat<TFormat>.IsInfinity(b);
        bool zero = FloatFormat<TFormat>.IsZero(a) || FloatFormat<TFormat>.IsZero(b);
        if (infinite && zero)
        {
            return SpecialOperands.Invalid<TFormat>(ref status);
        }

        SpecialOperands.NoteDenormals<TFormat>(a, b, ref status);
        if (infinite || zero)
        {
            return FloatFormat<TFormat>.Signed(negative, infinite ? FloatFormat<TFormat>.Infinity : 0);
        }

        Unpacked first = Unpacked.From<TFormat>(a);
        Unpacked second = Unpacked.From<TFormat>(b);
        ulong high = Math.BigMul(first.Significand, second.Significand, out ulong low); // from 2^60 to 2^62
        ulong product = (high << 2) | (low >> 62) | (low << 2 != 0 ? 1UL : 0);
        bool carry = (long)product < 0;
        int exponent = first.Exponent + second.Exponent + (carry ? 1 : 0);
        product = carry ? Rounding.ShiftRightSticky(product, 1) : product;
        return Rounding.Round<TFormat>(new Unpacked(negative, exponent, product), ref status);
    }

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => a * b;

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a * b;

    public static bool GivesExactZero(bool aIsZero, bool bIsZero) => aIsZero || bIsZero;
}

/// <summary>DIVPS, DIVPD, DIVSS, DIVSD. Intel SDM Vol. 2A.</summary>
internal readonly struct FloatDivide : IFloatOp
{
    public static bool HasHost => true;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        a = SpecialOperands.Read<TFormat>(a, status);
        b = SpecialOperands.Read<TFormat>(b, status);
        if (SpecialOperands.TryNaN<TFormat>(a, b, ref status, out ulong nan))
        {
            return nan;
        }

        bool negative = FloatFormat<TFormat>.IsNegative(a ^ b);
        bool dividesInfinity = FloatFormat<TFormat>.IsInfinity(a);
        bool dividesZero = FloatFormat<TFormat>.IsZero(a);
        bool byInfinity = FloatFormat<TFormat>.IsInfinity(b);
        bool byZero = FloatFormat<TFormat>.IsZero(b);
        if ((dividesInfinity && byInfinity) || (dividesZero && byZero))
        {
            return SpecialOperands.Invalid<TFormat>(ref status);
        }

        if (byZero && !dividesInfinity)
        {
            status.Raise(Mxcsr.DivideByZero);
            return FloatFormat<TFormat>.Signed(negative, FloatFormat<TFormat>.Infinity);
        }

        SpecialOperands.NoteDenormals<TFormat>(a, b, ref status);
        if (dividesInfinity || dividesZero || byInfinity)
        {
            return FloatFormat<TFormat>.Signed(negative, dividesInfinity ? FloatFormat<TFormat>.Infinity : 0);
        }

        Unpacked dividend = Unpacked.From<TFormat>(a);
        Unpacked divisor = Unpacked.From<TFormat>(b);
        bool less = dividend.Significand < divisor.Significand;
        UInt128 scaled = (UInt128)dividend.Significand << (less ? Unpacked.TopBit + 1 : Unpacked.TopBit);
        ulong quotient = (ulong)(scaled / divisor.Significand);
        bool exact = (UInt128)quotient * divisor.Significand == scaled;
        int exponent = dividend.Exponent - divisor.Exponent - (less ? 1 : 0);
        return Rounding.Round<TFormat>(new Unpacked(negative, exponent, quotient | (exact ? 0 : 1UL)), ref status);
    }

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => a / b;

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a / b;

    public static bool GivesExactZero(bool aIsZero, bool bIsZero) => aIsZero;
}
