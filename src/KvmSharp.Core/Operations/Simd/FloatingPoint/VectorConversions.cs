using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>Whether a conversion rounds as MXCSR says or, with a second T in its name, truncates.</summary>
internal interface IConversionRounding
{
    static abstract bool Truncates { get; }
}

/// <summary>As MXCSR.RC says.</summary>
internal readonly struct Rounds : IConversionRounding
{
    public static bool Truncates => false;
}

/// <summary>Toward zero.</summary>
internal readonly struct Truncates : IConversionRounding
{
    static bool IConversionRounding.Truncates => true;
}

/// <summary>CVTPS2DQ, CVTPD2DQ, CVTPS2PI, CVTPD2PI and the truncating ones: to as many 32-bit integers as there are elements, the rest 0.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <typeparam name="TRounding">The rounding.</typeparam>
/// <typeparam name="TCount">How many elements.</typeparam>
internal readonly struct ToIntegers<TFormat, TRounding, TCount> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
    where TRounding : struct, IConversionRounding
    where TCount : struct, IElementCount
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        status.Rounding = TRounding.Truncates ? RoundingMode.TowardZero : status.Rounding;
        Vector128<uint> result = default;
        for (int lane = 0; lane < TCount.Count; lane++)
        {
            result = result.WithElement(lane, (uint)FloatConversions.ToInteger<TFormat>(Lanes<TFormat>.Get(b, lane), 32, ref status));
        }

        return result.AsByte();
    }
}

/// <summary>CVTSS2SI, CVTSD2SI and the truncating ones: the lowest element to an integer of the destination's width.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <typeparam name="TRounding">The rounding.</typeparam>
/// <typeparam name="TInteger">uint or ulong.</typeparam>
internal readonly struct ToInteger<TFormat, TRounding, TInteger> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
    where TRounding : struct, IConversionRounding
    where TInteger : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        status.Rounding = TRounding.Truncates ? RoundingMode.TowardZero : status.Rounding;
        ulong value = FloatConversions.ToInteger<TFormat>(Lanes<TFormat>.Get(b, 0), Operand.Bits<TInteger>(), ref status);
        return Vector128.CreateScalar(value).AsByte();
    }
}

/// <summary>CVTDQ2PS, CVTDQ2PD, CVTPI2PD: 32-bit integers to all elements. CVTPI2PS: to the lower two, the others stay.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <typeparam name="TCount">How many elements.</typeparam>
internal readonly struct FromIntegers<TFormat, TCount> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
    where TCount : struct, IElementCount
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        for (int lane = 0; lane < TCount.Count; lane++)
        {
            a = Lanes<TFormat>.With(a, lane, FloatConversions.FromInteger<TFormat>(b.AsInt32().GetElement(lane), ref status));
        }

        return a;
    }
}

/// <summary>CVTSI2SS, CVTSI2SD: an integer to the lowest element, the others stay.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
/// <typeparam name="TInteger">uint or ulong.</typeparam>
internal readonly struct FromInteger<TFormat, TInteger> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
    where TInteger : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        ulong word = b.AsUInt64().ToScalar();
        long value = (long)Operand.SignExtend(Operand.Truncate<TInteger>(word));
        return Lanes<TFormat>.With(a, 0, FloatConversions.FromInteger<TFormat>(value, ref status));
    }
}

/// <summary>CVTPS2PD, CVTPD2PS: two elements; the rest of the result is 0.</summary>
/// <typeparam name="TFrom">The source's format.</typeparam>
/// <typeparam name="TTo">The result's format.</typeparam>
internal readonly struct ConvertPacked<TFrom, TTo> : IVectorFloatOp
    where TFrom : struct, IFloatFormat
    where TTo : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        Vector128<byte> result = Lanes<TTo>.With(default, 0, FloatConversions.Convert<TFrom, TTo>(Lanes<TFrom>.Get(b, 0), ref status));
        return Lanes<TTo>.With(result, 1, FloatConversions.Convert<TFrom, TTo>(Lanes<TFrom>.Get(b, 1), ref status));
    }
}

/// <summary>CVTSS2SD, CVTSD2SS: the lowest element; the rest of the destination stays.</summary>
/// <typeparam name="TFrom">The source's format.</typeparam>
/// <typeparam name="TTo">The result's format.</typeparam>
internal readonly struct ConvertScalar<TFrom, TTo> : IVectorFloatOp
    where TFrom : struct, IFloatFormat
    where TTo : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status) =>
        Lanes<TTo>.With(a, 0, FloatConversions.Convert<TFrom, TTo>(Lanes<TFrom>.Get(b, 0), ref status));
}

/// <summary>How many elements a conversion has.</summary>
internal interface IElementCount
{
    static abstract int Count { get; }
}

/// <summary>Two.</summary>
internal readonly struct TwoElements : IElementCount
{
    public static int Count => 2;
}

/// <summary>Four.</summary>
internal readonly struct FourElements : IElementCount
{
    public static int Count => 4;
}
