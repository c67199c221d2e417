using System.Runtime.CompilerServices;

namespace KvmSharp;

/// <summary>The x87 FPU and the XMM registers. Mirrors <c>struct kvm_fpu</c>.</summary>
public readonly record struct FpuState
{
    /// <summary>Gets ST(0) to ST(7), counted from TOP; the significands of physical registers are MM0 to MM7.</summary>
    public FpuRegisters Fpr { get; init; }

    /// <summary>Gets the control word. Reserved bits are put right: bit 6 is 1, bits 7 and 13 to 15 are 0.</summary>
    public ushort Fcw { get; init; }

    /// <summary>Gets the status word; TOP is bits 13 to 11. ES and B follow from exceptions and masks.</summary>
    public ushort Fsw { get; init; }

    /// <summary>Gets the abridged tags of FXSAVE: bit i is 1 when physical register i is not empty.</summary>
    public byte Ftwx { get; init; }

    /// <summary>Gets FOP, 11 bits: of the last instruction with an unmasked exception.</summary>
    public ushort LastOpcode { get; init; }

    /// <summary>Gets FIP, an offset: of the last instruction that was no control instruction. Selectors are not kept.</summary>
    public ulong LastIp { get; init; }

    /// <summary>Gets FDP, an offset: the memory operand of the last instruction with an unmasked exception that had one.</summary>
    public ulong LastDp { get; init; }

    /// <summary>Gets XMM0 to XMM15.</summary>
    public XmmRegisters Xmm { get; init; }

    /// <summary>Gets MXCSR.</summary>
    public uint Mxcsr { get; init; }
}

/// <summary>ST(0) to ST(7): 80 bits each, sign and exponent in bits 79 to 64, the significand below; bits 127 to 80 are 0.</summary>
[InlineArray(Count)]
public struct FpuRegisters : IEquatable<FpuRegisters>
{
    /// <summary>How many there are.</summary>
    public const int Count = 8;

    private UInt128 _first;

    /// <summary>Compares bits, not values.</summary>
    /// <param name="left">One set of registers.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether all bits are equal.</returns>
    public static bool operator ==(FpuRegisters left, FpuRegisters right) => left.Equals(right);

    /// <summary>Compares bits, not values.</summary>
    /// <param name="left">One set of registers.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether some bits differ.</returns>
    public static bool operator !=(FpuRegisters left, FpuRegisters right) => !left.Equals(right);

    /// <inheritdoc/>
    public readonly bool Equals(FpuRegisters other) => ((ReadOnlySpan<UInt128>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is FpuRegisters other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(this[0], this[1], this[2], this[3], this[4], this[5], this[6], this[7]);
}

/// <summary>XMM0 to XMM15.</summary>
[InlineArray(Count)]
public struct XmmRegisters : IEquatable<XmmRegisters>
{
    /// <summary>How many there are.</summary>
    public const int Count = 16;

    private UInt128 _first;

    /// <summary>Compares bits.</summary>
    /// <param name="left">One set of registers.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether all bits are equal.</returns>
    public static bool operator ==(XmmRegisters left, XmmRegisters right) => left.Equals(right);

    /// <summary>Compares bits.</summary>
    /// <param name="left">One set of registers.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether some bits differ.</returns>
    public static bool operator !=(XmmRegisters left, XmmRegisters right) => !left.Equals(right);

    /// <inheritdoc/>
    public readonly bool Equals(XmmRegisters other) => ((ReadOnlySpan<UInt128>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is XmmRegisters other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(this[0], this[1], this[2], this[3], this[4], this[5], this[6], this[7]);
}
