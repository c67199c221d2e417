using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>XADD. Intel SDM Vol. 2D, "XADD: Exchange and Add".</summary>
internal readonly struct Xadd : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    /// <summary>Adds, and gives the source what the destination was.</summary>
    /// <typeparam name="T">The operands' width.</typeparam>
    /// <param name="destination">The destination.</param>
    /// <param name="source">The source; gets the old destination. Write it first: if both are one register, the sum stays.</param>
    /// <param name="flags">The flags to set, as ADD does.</param>
    /// <returns>The new destination.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T destination, ref T source, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T sum = Adder.Sum(destination, source, T.Zero, ref flags);
        source = destination;
        return sum;
    }
}

/// <summary>CMPXCHG. Intel SDM Vol. 2A, "CMPXCHG: Compare and Exchange".</summary>
internal readonly struct Cmpxchg : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    /// <summary>Compares as CMP accumulator, destination does.</summary>
    /// <typeparam name="T">The operands' width.</typeparam>
    /// <param name="accumulator">AL, AX, EAX or RAX.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>True: the source goes to the destination. False: the destination is written back and goes to the accumulator.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Matches<T>(T accumulator, T destination, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        Adder.Difference(accumulator, destination, T.Zero, ref flags) == T.Zero;
}

/// <summary>CMPXCHG8B and CMPXCHG16B. Intel SDM Vol. 2A, "CMPXCHG8B/CMPXCHG16B: Compare and Exchange Bytes".</summary>
internal readonly struct Cmpxchg8b : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.ZeroBit;

    /// <summary>Compares for equality; only ZF changes.</summary>
    /// <typeparam name="T">Eight bytes, or sixteen.</typeparam>
    /// <param name="accumulator">EDX:EAX or RDX:RAX.</param>
    /// <param name="destination">What is in memory.</param>
    /// <param name="flags">ZF is set.</param>
    /// <returns>True: ECX:EBX goes to memory. False: the destination is written back and goes to EDX:EAX.</returns>
    public static bool Matches<T>(T accumulator, T destination, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        flags.SetZero(accumulator == destination);
        return accumulator == destination;
    }
}
