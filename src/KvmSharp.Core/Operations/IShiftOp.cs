using System.Numerics;

namespace KvmSharp.Operations;

/// <summary>The meaning of a shift or rotate "op destination, count".</summary>
/// <remarks>
/// <para>The count is taken as CL or the immediate byte gives it; the operation masks it to 5 bits, or to 6 for 64-bit operands. A masked count
/// of 0 changes nothing, so <see cref="IFlagEffects.FlagsWritten"/> holds only for other counts.</para>
/// <para>OF for counts above 1, which the manual leaves undefined, is what Intel processors give: the overflow of the first
/// single step. (They leave OF alone for ROL and ROR by an immediate above 1; here those follow the CL form.)</para>
/// </remarks>
internal interface IShiftOp : IFlagEffects
{
    static abstract T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
