using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Regions;

/// <summary>Small steps of translated vector instructions. The compiler puts each in line.</summary>
internal static class VectorSteps
{
    private const float SmallestSingle = 1.17549435E-38f; // normal
    private const double TwoTo31 = 2147483648.0;
    private const double TwoTo63 = 9223372036854775808.0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> OfDoubleword(uint value) => Vector128.CreateScalar(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> OfQuadword(ulong value) => Vector128.CreateScalar(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToDoubleword(Vector128<byte> value) => value.AsUInt32().ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToQuadword(Vector128<byte> value) => value.AsUInt64().ToScalar();

    /// <summary>CVTSI2SD of a doubleword: always exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> DoubleOfInt32(Vector128<byte> a, int value) => a.AsDouble().WithElement(0, (double)value).AsByte();

    /// <summary>CVTSI2SD of a quadword, where the host's rounding holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> DoubleOfInt64(Vector128<byte> a, long value) => a.AsDouble().WithElement(0, (double)value).AsByte();

    /// <summary>CVTSI2SS of a doubleword, where the host's rounding holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> SingleOfInt32(Vector128<byte> a, int value) => a.AsSingle().WithElement(0, (float)value).AsByte();

    /// <summary>CVTDQ2PD: always exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> DoublesOfInt32(Vector128<byte> b) => Vector128.ConvertToDouble(Vector128.WidenLower(b.AsInt32())).AsByte();

    /// <summary>Tells whether CVTTSD2SI to a doubleword reports nothing new.</summary>
    /// <param name="b">The operand.</param>
    /// <param name="rounding">0 while #P is not seen.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TruncatesToInt32(Vector128<byte> b, int rounding)
    {
        double value = b.AsDouble().ToScalar();
        return value > -TwoTo31 && value < TwoTo31 && (rounding == 0 || (int)value == value);
    }

    /// <summary>CVTTSD2SI to a doubleword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ToInt32(Vector128<byte> b) => (int)b.AsDouble().ToScalar();

    /// <summary>Tells whether CVTTSD2SI to a quadword reports nothing new.</summary>
    /// <param name="b">The operand.</param>
    /// <param name="rounding">0 while #P is not seen.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TruncatesToInt64(Vector128<byte> b, int rounding)
    {
        double value = b.AsDouble().ToScalar();
        return value > -TwoTo63 && value < TwoTo63 && (rounding == 0 || (long)value == value);
    }

    /// <summary>CVTTSD2SI to a quadword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ToInt64(Vector128<byte> b) => (long)b.AsDouble().ToScalar();

    /// <summary>Tells whether CVTSS2SD is exact: of zero or a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Widens(Vector128<byte> b)
    {
        float value = Math.Abs(b.AsSingle().ToScalar());
        return (value >= SmallestSingle && value <= float.MaxValue) || value == 0;
    }

    /// <summary>Rounds the lowest double to an integral one, as the host's rounding has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Round(Vector128<byte> b) => Vector128.CreateScalarUnsafe(Math.Round(b.AsDouble().ToScalar())).AsByte();

    /// <summary>CVTSS2SD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Widen(Vector128<byte> a, Vector128<byte> b) => a.AsDouble().WithElement(0, (double)b.AsSingle().ToScalar()).AsByte();

    /// <summary>CVTSD2SS, where the host's rounding holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Narrow(Vector128<byte> a, Vector128<byte> b) => a.AsSingle().WithElement(0, (float)b.AsDouble().ToScalar()).AsByte();

    /// <summary>Tells whether the host's CVTSD2SS holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Narrows(Vector128<byte> b, Vector128<byte> result)
    {
        double value = Math.Abs(b.AsDouble().ToScalar());
        float narrow = Math.Abs(result.AsSingle().ToScalar());
        return (narrow > SmallestSingle && narrow <= float.MaxValue && value <= double.MaxValue) || value == 0;
    }
}
