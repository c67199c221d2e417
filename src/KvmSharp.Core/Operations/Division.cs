using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of DIV and IDIV, which leave all flags as Intel processors do (the manual calls them undefined).</summary>
internal interface IDivideOp
{
    /// <summary>Divides a dividend of twice the width.</summary>
    /// <typeparam name="T">The divisor's width.</typeparam>
    /// <param name="high">The dividend's high half.</param>
    /// <param name="low">The dividend's low half.</param>
    /// <param name="divisor">The divisor.</param>
    /// <param name="quotient">The quotient, rounded towards zero; 0 if there is none.</param>
    /// <param name="remainder">The remainder, with the dividend's sign; 0 if there is no quotient.</param>
    /// <returns>False for #DE: the divisor is 0, or the quotient does not fit.</returns>
    static abstract bool TryDivide<T>(T high, T low, T divisor, out T quotient, out T remainder)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>DIV. Intel SDM Vol. 2A, "DIV: Unsigned Divide".</summary>
internal readonly struct Div : IDivideOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDivide<T>(T high, T low, T divisor, out T quotient, out T remainder)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (high >= divisor) // the quotient would have more than the width's bits; a zero divisor is caught too
        {
            quotient = remainder = T.Zero;
            return false;
        }

        if (Unsafe.SizeOf<T>() == 8 && high != T.Zero)
        {
            quotient = Operand.Truncate<T>(Wide(Operand.ZeroExtend(high), Operand.ZeroExtend(low), Operand.ZeroExtend(divisor)));
            remainder = low - (quotient * divisor);
            return true;
        }

        ulong dividend = Operand.ZeroExtend(low);
        if (Unsafe.SizeOf<T>() < 8)
        {
            dividend |= Operand.ZeroExtend(high) << Operand.Bits<T>();
        }

        (ulong q, ulong r) = Math.DivRem(dividend, Operand.ZeroExtend(divisor));
        quotient = Operand.Truncate<T>(q);
        remainder = Operand.Truncate<T>(r);
        return true;
    }

    /// <summary>128 by 64 bits, for a quotient that is known to fit: kept out of line, as it is long and rare.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Wide(ulong high, ulong low, ulong divisor) => (ulong)(new UInt128(high, low) / divisor);
}

/// <summary>IDIV. Intel SDM Vol. 2A, "IDIV: Signed Divide".</summary>
internal readonly struct Idiv : IDivideOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDivide<T>(T high, T low, T divisor, out T quotient, out T remainder)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        bool negativeDividend = IsNegative(high);
        bool negativeQuotient = negativeDividend != IsNegative(divisor);
        if (negativeDividend)
        {
            low = T.Zero - low;
            high = low == T.Zero ? T.Zero - high : ~high;
        }

        T magnitude = IsNegative(divisor) ? T.Zero - divisor : divisor;
        T most = T.One << (Operand.Bits<T>() - 1); // -128 fits, +128 does not
        if (!Div.TryDivide(high, low, magnitude, out quotient, out remainder)
            || quotient > (negativeQuotient ? most : most - T.One))
        {
            quotient = remainder = T.Zero;
            return false;
        }

        quotient = negativeQuotient ? T.Zero - quotient : quotient;
        remainder = negativeDividend ? T.Zero - remainder : remainder;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNegative<T>(T value)
        where T : unmanaged => (long)Operand.SignExtend(value) < 0;
}
