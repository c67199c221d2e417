namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>What an SSE operation is told by MXCSR, and the exceptions that it raises. Intel SDM Vol. 1, "MXCSR Control and Status Register".</summary>
/// <param name="mxcsr">MXCSR before the instruction.</param>
internal struct FloatStatus(uint mxcsr)
{
    public uint Raised;

    /// <summary>How results are rounded: MXCSR.RC, unless the instruction says otherwise.</summary>
    public RoundingMode Rounding = (RoundingMode)((mxcsr >> Mxcsr.RoundingShift) & 3);

    /// <summary>The bits of MXCSR that <see cref="AllowsHost"/> looks at.</summary>
    public const uint HostCondition = Mxcsr.RoundingMask | Mxcsr.PrecisionMask | Mxcsr.Precision;

    /// <summary>What they must be.</summary>
    public const uint HostMeets = Mxcsr.PrecisionMask | Mxcsr.Precision;

    public readonly bool DenormalsAreZero => (mxcsr & Mxcsr.DenormalsAreZero) != 0;

    /// <summary>Gets whether a tiny result becomes zero: only while underflow is masked.</summary>
    public readonly bool FlushesToZero => (mxcsr & (Mxcsr.FlushToZero | Mxcsr.UnderflowMask)) == (Mxcsr.FlushToZero | Mxcsr.UnderflowMask);

    public readonly bool UnderflowIsMasked => (mxcsr & Mxcsr.UnderflowMask) != 0;

    public readonly bool OverflowIsMasked => (mxcsr & Mxcsr.OverflowMask) != 0;

    /// <summary>
    /// Gets whether the host's own arithmetic may be used for normal numbers: it rounds to nearest and reports nothing, which nobody
    /// sees when PE is masked and set already.
    /// </summary>
    public readonly bool AllowsHost => (mxcsr & HostCondition) == HostMeets;

    /// <summary>Gets the exceptions raised that MXCSR does not mask.</summary>
    public readonly uint Unmasked => Raised & ~(mxcsr >> Mxcsr.MaskShift);

    /// <summary>
    /// Gets the flags to set in MXCSR. An unmasked exception that is found before the computation keeps it from being made, in every
    /// element: no exception of a result is reported beside it. Intel SDM Vol. 1, "Handling Unmasked Exceptions".
    /// </summary>
    public readonly uint Reported => (Unmasked & Mxcsr.PreComputation) != 0 ? Raised & Mxcsr.PreComputation : Raised;

    public void Raise(uint exceptions) => Raised |= exceptions;
}

/// <summary>MXCSR.RC. Intel SDM Vol. 1, "Rounding Control Field".</summary>
internal enum RoundingMode
{
    Nearest,
    Down,
    Up,
    TowardZero,
}

/// <summary>Bits of MXCSR.</summary>
internal static class Mxcsr
{
    public const uint Invalid = 1 << 0;
    public const uint Denormal = 1 << 1;
    public const uint DivideByZero = 1 << 2;
    public const uint Overflow = 1 << 3;
    public const uint Underflow = 1 << 4;
    public const uint Precision = 1 << 5;
    public const uint DenormalsAreZero = 1 << 6;
    public const int MaskShift = 7;
    public const uint OverflowMask = Overflow << MaskShift;
    public const uint UnderflowMask = Underflow << MaskShift;
    public const uint PrecisionMask = Precision << MaskShift;
    public const int RoundingShift = 13;
    public const uint RoundingMask = 3 << RoundingShift;
    public const uint FlushToZero = 1 << 15;

    /// <summary>Exceptions of operands: found before the computation.</summary>
    public const uint PreComputation = Invalid | Denormal | DivideByZero;

    /// <summary>The bits that exist, as FXSAVE reports them in MXCSR_MASK; setting another one is #GP(0).</summary>
    public const uint Defined = 0xFFFF;

    /// <summary>All exceptions masked, rounding to nearest: after RESET.</summary>
    public const uint Default = 0x1F80;
}
