using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>How two values compare.</summary>
internal enum FloatRelation
{
    Equal,
    Less,
    Greater,
    Unordered,
}

/// <summary>Comparison of two elements.</summary>
internal static class FloatComparison
{
    /// <summary>Compares.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="signalsQuiet">Whether a quiet NaN is invalid too.</param>
    /// <param name="status">Receives #I and #D.</param>
    /// <returns>The relation of the first to the second.</returns>
    public static FloatRelation Compare<TFormat>(ulong a, ulong b, bool signalsQuiet, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        a = SpecialOperands.Read<TFormat>(a, status);
        b = SpecialOperands.Read<TFormat>(b, status);
        if (SpecialOperands.TryNaN<TFormat>(a, b, ref status, out _))
        {
            status.Raise(signalsQuiet ? Mxcsr.Invalid : 0);
            return FloatRelation.Unordered;
        }

        SpecialOperands.NoteDenormals<TFormat>(a, b, ref status);
        long first = Ordinal<TFormat>(a);
        long second = Ordinal<TFormat>(b);
        return first == second ? FloatRelation.Equal : first < second ? FloatRelation.Less : FloatRelation.Greater;
    }

    /// <summary>Judges a relation by a predicate of CMPPS. Intel SDM Vol. 2A, "CMPPS", "Comparison Predicate".</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="predicate">EQ, LT, LE, UNORD, NEQ, NLT, NLE, ORD.</param>
    /// <returns>Whether it holds.</returns>
    public static bool Holds(FloatRelation relation, int predicate)
    {
        bool holds = (predicate & 3) switch
        {
            0 => relation == FloatRelation.Equal,
            1 => relation == FloatRelation.Less,
            2 => relation is FloatRelation.Less or FloatRelation.Equal,
            _ => relation == FloatRelation.Unordered,
        };
        return holds != ((predicate & 4) != 0);
    }

    // Magnitude with sign, so that both zeros are 0.
    private static long Ordinal<TFormat>(ulong value)
        where TFormat : struct, IFloatFormat
    {
        long magnitude = (long)(value & FloatFormat<TFormat>.MagnitudeMask);
        return FloatFormat<TFormat>.IsNegative(value) ? -magnitude : magnitude;
    }
}

/// <summary>MINPS and its like: the second operand unless the first is less. Intel SDM Vol. 2B.</summary>
internal readonly struct FloatMinimum : IFloatOp
{
    public static bool HasHost => false;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat =>
        SpecialOperands.Read<TFormat>(FloatComparison.Compare<TFormat>(a, b, signalsQuiet: true, ref status) == FloatRelation.Less ? a : b, status);

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a < b ? a : b;
}

/// <summary>MAXPS and its like: the second operand unless the first is greater. Intel SDM Vol. 2B.</summary>
internal readonly struct FloatMaximum : IFloatOp
{
    public static bool HasHost => false;

    public static ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat =>
        SpecialOperands.Read<TFormat>(FloatComparison.Compare<TFormat>(a, b, signalsQuiet: true, ref status) == FloatRelation.Greater ? a : b, status);

    public static Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b) => Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);

    public static T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => a > b ? a : b;
}
