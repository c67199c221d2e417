using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>SQRTPS, SQRTPD, SQRTSS, SQRTSD: of the second operand. Intel SDM Vol. 2B.</summary>
internal readonly struct FloatSquareRoot : IFloatOp
{
    public static bool HasHost => true;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        b = SpecialOperands.Read<TFormat>(b, status);
        if (SpecialOperands.TryNaN<TFormat>(b, b, ref status, out ulong nan))
        {
            return nan;
        }

        if (FloatFormat<TFormat>.IsZero(b))
        {
            return b; // the root of -0 is -0
        }

        if (FloatFormat<TFormat>.IsNegative(b))
        {
            return SpecialOperands.Invalid<TFormat>(ref status);
        }

        SpecialOperands.NoteDenormals<TFormat>(b, b, ref status);
        if (FloatFormat<TFormat>.IsInfinity(b))
        {
            return b;
        }

        Unpacked value = Unpacked.From<TFormat>(b);
        bool odd = (value.Exponent & 1) != 0;
        UInt128 radicand = (UInt128)value.Significand << (odd ? Unpacked.TopBit + 1 : Unpacked.TopBit);
        ulong root = Root(radicand, out bool exact);
        return Rounding.Round<TFormat>(new Unpacked(false, value.Exponent >> 1, root | (exact ? 0 : 1UL)), ref status);
    }

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => Vector128.Sqrt(b);

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => T.Sqrt(b);

    public static bool GivesExactZero(bool aIsZero, bool bIsZero) => bIsZero;

    // An estimate good to 52 bits, one step of Newton's method, then the last unit is put right in exact arithmetic.
    private static ulong Root(UInt128 radicand, out bool exact)
    {
        ulong root = (ulong)Math.Sqrt((double)radicand);
        root = (root >> 1) + ((ulong)(radicand / root) >> 1);
        while ((UInt128)root * root > radicand)
        {
            root--;
        }

        while ((UInt128)(root + 1) * (root + 1) <= radicand)
        {
            root++;
        }

        exact = (UInt128)root * root == radicand;
        return root;
    }
}
