using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>The immediate of ROUNDPS and its like. Intel SDM Vol. 2B, "ROUNDPD", "Rounding Modes and Encoding of RC Field".</summary>
internal static class RoundControl
{
    private const int UseMxcsr = 1 << 2;
    private const int SuppressPrecision = 1 << 3;

    public static ulong Apply<TFormat>(ulong value, byte control, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        RoundingMode mode = (control & UseMxcsr) != 0 ? status.Rounding : (RoundingMode)(control & 3);
        FloatStatus inner = status;
        ulong result = FloatConversions.ToIntegral<TFormat>(value, mode, ref inner);
        status.Raise((control & SuppressPrecision) != 0 ? (inner.Raised & ~Mxcsr.Precision) : inner.Raised);
        return result;
    }
}

/// <summary>ROUNDPS, ROUNDPD.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct PackedRound<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            b = Lanes<TFormat>.With(b, lane, RoundControl.Apply<TFormat>(Lanes<TFormat>.Get(b, lane), control, ref status));
        }

        return b;
    }
}

/// <summary>ROUNDSS, ROUNDSD.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct ScalarRound<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status) =>
        Lanes<TFormat>.With(a, 0, RoundControl.Apply<TFormat>(Lanes<TFormat>.Get(b, 0), control, ref status));
}
