using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>NaNs and denormals as operands, as every SSE operation treats them.</summary>
internal static class SpecialOperands
{
    /// <summary>Replaces a denormal by a zero of its sign when MXCSR.DAZ asks for it.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="value">The operand.</param>
    /// <param name="status">MXCSR.</param>
    /// <returns>The operand to compute with.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read<TFormat>(ulong value, in FloatStatus status)
        where TFormat : struct, IFloatFormat =>
        status.DenormalsAreZero && FloatFormat<TFormat>.IsDenormal(value) ? value & FloatFormat<TFormat>.SignBit : value;

    /// <summary>Answers an operation on a NaN: the first operand if it is one, else the second, made quiet.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="status">Receives #I for a signalling NaN.</param>
    /// <param name="result">The NaN.</param>
    /// <returns>Whether an operand is a NaN. Intel SDM Vol. 1, "Rules for Handling NaNs".</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNaN<TFormat>(ulong a, ulong b, ref FloatStatus status, out ulong result)
        where TFormat : struct, IFloatFormat
    {
        bool first = FloatFormat<TFormat>.IsNaN(a);
        if (!first && !FloatFormat<TFormat>.IsNaN(b))
        {
            result = 0;
            return false;
        }

        if (FloatFormat<TFormat>.IsSignalling(a) || FloatFormat<TFormat>.IsSignalling(b))
        {
            status.Raise(Mxcsr.Invalid);
        }

        result = (first ? a : b) | FloatFormat<TFormat>.QuietBit;
        return true;
    }

    /// <summary>Raises #D for denormal operands: to be called when neither #I nor #Z takes precedence.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="status">Receives it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NoteDenormals<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (FloatFormat<TFormat>.IsDenormal(a) || FloatFormat<TFormat>.IsDenormal(b))
        {
            status.Raise(Mxcsr.Denormal);
        }
    }

    /// <summary>Answers an invalid operation.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="status">Receives #I.</param>
    /// <returns>The indefinite.</returns>
    public static ulong Invalid<TFormat>(ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        status.Raise(Mxcsr.Invalid);
        return FloatFormat<TFormat>.Indefinite;
    }
}
