using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of an instruction that works on flags alone.</summary>
internal interface IFlagOp : IFlagEffects
{
    static abstract void Apply(ref ArithmeticFlags flags);
}

/// <summary>CLC. Intel SDM Vol. 2A, "CLC: Clear Carry Flag".</summary>
internal readonly struct Clc : IFlagOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply(ref ArithmeticFlags flags) => flags.SetCarry(false);
}

/// <summary>STC. Intel SDM Vol. 2B, "STC: Set Carry Flag".</summary>
internal readonly struct Stc : IFlagOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply(ref ArithmeticFlags flags) => flags.SetCarry(true);
}

/// <summary>CMC. Intel SDM Vol. 2A, "CMC: Complement Carry Flag".</summary>
internal readonly struct Cmc : IFlagOp
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply(ref ArithmeticFlags flags) => flags.SetCarry(!flags.Carry);
}

/// <summary>LAHF. Intel SDM Vol. 2A, "LAHF: Load Status Flags Into AH Register".</summary>
internal readonly struct Lahf : IFlagEffects
{
    private const uint AlwaysOne = 1 << 1; // RFLAGS bit 1, which reads 1

    public static uint FlagsRead => Sahf.FlagsWritten;

    public static uint FlagsWritten => 0;

    /// <summary>Gives the low byte of RFLAGS: all flags but OF.</summary>
    /// <param name="flags">The flags.</param>
    /// <returns>The new AH.</returns>
    public static byte Apply(in ArithmeticFlags flags) => (byte)((flags.ToRflags() & FlagsRead) | AlwaysOne);
}

/// <summary>SAHF. Intel SDM Vol. 2B, "SAHF: Store AH Into Flags".</summary>
internal readonly struct Sahf : IFlagEffects
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask & ~ArithmeticFlags.OverflowBit;

    /// <summary>Sets all flags but OF.</summary>
    /// <param name="ah">AH.</param>
    /// <param name="flags">The flags to set.</param>
    public static void Apply(byte ah, ref ArithmeticFlags flags) =>
        flags = ArithmeticFlags.FromRflags((flags.ToRflags() & ArithmeticFlags.OverflowBit) | ah);
}

/// <summary>SALC, opcode D6: AL becomes FFH if CF is set, else 0.</summary>
/// <remarks>The manual has no page for it, yet Intel processors execute it outside 64-bit mode.</remarks>
internal readonly struct Salc : IFlagEffects
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => 0;

    /// <summary>Spreads CF over AL.</summary>
    /// <param name="flags">The flags.</param>
    /// <returns>The new AL.</returns>
    public static byte Apply(in ArithmeticFlags flags) => flags.Carry ? (byte)0xFF : (byte)0;
}
