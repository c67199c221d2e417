using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The one adder and the one subtractor that ADD, ADC, SUB, SBB, CMP, NEG, XADD and CMPXCHG share, at every width.</summary>
internal static class Adder
{
    /// <summary>Adds and sets all six flags.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="carryIn">0 or 1.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>The sum, modulo the width.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum<T>(T a, T b, T carryIn, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T sum = a + b + carryIn;
        flags.Set(sum, (a & b) | ((a | b) & ~sum)); // both bits set, or one and a carry came in
        return sum;
    }

    /// <summary>Subtracts and sets all six flags.</summary>
    /// <typeparam name="T">The operation's width.</typeparam>
    /// <param name="a">The minuend.</param>
    /// <param name="b">The subtrahend.</param>
    /// <param name="borrowIn">0 or 1.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>The difference, modulo the width.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Difference<T>(T a, T b, T borrowIn, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T difference = a - b - borrowIn;
        flags.Set(difference, (~a & b) | ((~a | b) & difference)); // less than, or not greater and a borrow came in
        return difference;
    }
}
