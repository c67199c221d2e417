using System.Numerics;

namespace KvmSharp.Operations;

/// <summary>The meaning of an instruction "op destination, source".</summary>
internal interface IBinaryOp : IFlagEffects
{
    /// <summary>Gets whether the result goes to the destination; false for CMP and TEST.</summary>
    static abstract bool Stores { get; }

    static abstract T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
