namespace KvmSharp.Regions;

/// <summary>How two words stand for the arithmetic flags in translated code: the operation that sets them in the upper bits, log2 of its width in the lower two.</summary>
/// <remarks>
/// Flags are kept as the operands of what set them, and worked out only where somebody looks. <see cref="Canonical"/> means that the words are
/// <c>ArithmeticFlags.Result</c> and <c>Carries</c> themselves.
/// </remarks>
internal readonly record struct FlagKind(int Value)
{
    /// <summary>The words are the flags as the interpreter keeps them.</summary>
    public static readonly FlagKind Canonical = new(0);

    /// <summary>Which kind it is is known only at run time: it is in a local.</summary>
    public static readonly FlagKind Dynamic = new(-1);

    /// <summary>What an instruction that leaves the flags alone "sets".</summary>
    public static readonly FlagKind Untouched = new(-2);

    public FlagKind(FlagOperation operation, int width)
        : this(((int)operation << 2) | System.Numerics.BitOperations.Log2((uint)width))
    {
    }

    public FlagOperation Operation => (FlagOperation)(Value >> 2);

    /// <summary>Gets the width in bytes.</summary>
    public int Width => 1 << (Value & 3);

    /// <summary>Gets a value indicating whether it is known at translation time.</summary>
    public bool IsStatic => Value >= 0;
}

/// <summary>Operations whose flags follow from two words.</summary>
internal enum FlagOperation
{
    /// <summary>The words are the flags.</summary>
    Canonical,

    /// <summary>Sum of both.</summary>
    Add,

    /// <summary>The first less the second; CMP and NEG too.</summary>
    Sub,

    /// <summary>The first is the result of AND, OR, XOR or TEST.</summary>
    Logic,

    /// <summary>The first before INC; the second is CF.</summary>
    Inc,

    /// <summary>The first before DEC; the second is CF.</summary>
    Dec,

    /// <summary>The first before SHL, the second is the count, not 0.</summary>
    Shl,

    /// <summary>The first before SHR, the second is the count, not 0.</summary>
    Shr,

    /// <summary>The first before SAR, the second is the count, not 0.</summary>
    Sar,

    /// <summary>Signed product of both.</summary>
    Imul,

    /// <summary>Unsigned product of both.</summary>
    Mul,

    /// <summary>Both are singles or doubles, not NaN, that COMIS or UCOMIS has compared.</summary>
    CompareFloats,
}
