namespace KvmSharp.Operations.FloatingPoint;

/// <summary>What comes out when operands are no numbers. Intel SDM Vol. 1, "Rules for Handling NaNs", the x87 FPU column.</summary>
internal static class NotANumber
{
    /// <summary>Answers an operation whose operand is a NaN or has no meaning.</summary>
    /// <param name="a">The operand, or the first of two.</param>
    /// <param name="env">The environment: a signaling NaN or an unsupported encoding raises IE.</param>
    /// <param name="result">The answer.</param>
    /// <returns>Whether there is one; else the operand is a number or an infinity.</returns>
    public static bool TryAnswer(Float80 a, ref FloatEnvironment env, out Float80 result) => TryAnswer(a, Float80.One, ref env, out result);

    /// <summary>Answers an operation one of whose operands is a NaN or has no meaning.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="env">The environment: a signaling NaN or an unsupported encoding raises IE.</param>
    /// <param name="result">The answer.</param>
    /// <returns>Whether there is one; else both operands are numbers or infinities.</returns>
    public static bool TryAnswer(Float80 a, Float80 b, ref FloatEnvironment env, out Float80 result)
    {
        FloatClass first = a.Class;
        FloatClass second = b.Class;
        if (first == FloatClass.Unsupported || second == FloatClass.Unsupported)
        {
            result = env.Invalid();
            return true;
        }

        bool firstIsNaN = first is FloatClass.QuietNaN or FloatClass.SignalingNaN;
        bool secondIsNaN = second is FloatClass.QuietNaN or FloatClass.SignalingNaN;
        if (!firstIsNaN && !secondIsNaN)
        {
            result = default;
            return false;
        }

        if (first == FloatClass.SignalingNaN || second == FloatClass.SignalingNaN)
        {
            env.Raise(X87Status.Invalid);
        }

        result = (firstIsNaN && secondIsNaN ? Choose(a, b) : firstIsNaN ? a : b).Quieted();
        return true;
    }

    // A quiet one wins over a signaling one; of two alike the larger significand, and of equal ones the positive.
    private static Float80 Choose(Float80 a, Float80 b)
    {
        if (a.Class != b.Class)
        {
            return a.Class == FloatClass.QuietNaN ? a : b;
        }

        if (a.Significand != b.Significand)
        {
            return a.Significand > b.Significand ? a : b;
        }

        return a.IsNegative ? b : a;
    }
}
