namespace KvmSharp.Operations.FloatingPoint;

/// <summary>A value taken apart, finite ones normalized: the form in which the full paths work.</summary>
internal readonly struct FloatOperand
{
    /// <summary>For finite values the top bit is set: the value is Significand / 2^63 * 2^(Exponent - bias).</summary>
    public readonly ulong Significand;

    /// <summary>Biased; 0 and below for denormals.</summary>
    public readonly int Exponent;

    public readonly FloatClass Class;
    public readonly bool IsNegative;

    public FloatOperand(Float80 value)
    {
        Class = value.Class;
        IsNegative = value.IsNegative;
        Significand = value.Significand;
        Exponent = value.Exponent;
        if (Class == FloatClass.Denormal)
        {
            int shift = System.Numerics.BitOperations.LeadingZeroCount(Significand);
            Significand <<= shift;
            Exponent = 1 - shift;
        }
    }

    public bool IsNaN => Class is FloatClass.QuietNaN or FloatClass.SignalingNaN;

    public bool IsZero => Class == FloatClass.Zero;

    public bool IsInfinity => Class == FloatClass.Infinity;
}
