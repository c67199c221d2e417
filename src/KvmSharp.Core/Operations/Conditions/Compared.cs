using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Conditions;

/// <summary>Comparisons that C# operators on unsigned types do not say.</summary>
internal static class Compared
{
    /// <summary>Gives the flags of CMP a, b; those that are not read cost nothing.</summary>
    /// <typeparam name="T">The comparison's width.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <returns>The flags.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArithmeticFlags Flags<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        var flags = default(ArithmeticFlags);
        Cmp.Apply(a, b, ref flags);
        return flags;
    }

    /// <summary>Compares as signed numbers.</summary>
    /// <typeparam name="T">The comparison's width.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <returns>Whether the first is less.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SignedLess<T>(T a, T b)
        where T : unmanaged => (long)Operand.SignExtend(a) < (long)Operand.SignExtend(b);
}
