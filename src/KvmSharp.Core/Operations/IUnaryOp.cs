using System.Numerics;

namespace KvmSharp.Operations;

/// <summary>The meaning of an instruction "op destination".</summary>
internal interface IUnaryOp : IFlagEffects
{
    static abstract T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
