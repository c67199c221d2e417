using System.Numerics;

namespace KvmSharp.Operations.Conditions;

/// <summary>One of the sixteen conditions of Jcc, SETcc and CMOVcc. Intel SDM Vol. 1, "EFLAGS Condition Codes".</summary>
/// <remarks>Both sides of an OR are evaluated, so that each condition is one test without an inner branch.</remarks>
internal interface ICondition
{
    /// <summary>Gets the flags that decide, at their places in RFLAGS.</summary>
    static abstract uint FlagsRead { get; }

    static abstract bool Test(in ArithmeticFlags flags);

    /// <summary>Tests what <see cref="Test"/> would find after CMP a, b: for a CMP fused with the Jcc behind it.</summary>
    /// <typeparam name="T">The comparison's width.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <returns>Whether the condition holds.</returns>
    static abstract bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}
