using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>The meaning of an operation on two elements; one with a single operand looks at the second only.</summary>
internal interface IFloatOp
{
    /// <summary>Gets whether <see cref="OnHost{T}(Vector128{T}, Vector128{T})"/> gives the result of normal numbers when it is normal and rounded to nearest.</summary>
    static abstract bool HasHost { get; }

    /// <summary>Computes exactly, rounds as MXCSR says, and raises exceptions.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="status">MXCSR and the exceptions.</param>
    /// <returns>The result, as with all exceptions masked.</returns>
    static abstract ulong Apply<TFormat>(ulong a, ulong b, ref FloatStatus status)
        where TFormat : struct, IFloatFormat;

    /// <summary>Computes with the host's arithmetic.</summary>
    /// <typeparam name="T">Single or double.</typeparam>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <returns>The results.</returns>
    static abstract Vector128<T> OnHost<T>(Vector128<T> a, Vector128<T> b);

    /// <summary>Computes one element with the host's arithmetic.</summary>
    /// <typeparam name="T">Single or double.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <returns>The result.</returns>
    static virtual T OnHost<T>(T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => throw new NotSupportedException();

    /// <summary>Tells whether zero is exact as a result, not a number too small for the format.</summary>
    /// <param name="aIsZero">Whether the first operand is zero.</param>
    /// <param name="bIsZero">Whether the second operand is.</param>
    /// <returns>Whether it is, for operands that are not denormal.</returns>
    static virtual bool GivesExactZero(bool aIsZero, bool bIsZero) => false;
}

/// <summary>An SSE instruction as a whole: from vectors and an immediate to a vector.</summary>
internal interface IVectorFloatOp
{
    /// <summary>Carries it out.</summary>
    /// <param name="a">The destination's old value.</param>
    /// <param name="b">The source; a narrower one is zero-extended.</param>
    /// <param name="control">The immediate.</param>
    /// <param name="status">MXCSR and the exceptions.</param>
    /// <returns>The destination's new value.</returns>
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status);
}
