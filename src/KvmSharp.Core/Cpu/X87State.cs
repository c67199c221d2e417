using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Cpu;

/// <summary>The x87 FPU: control, status and tag words, pointers, and eight 80-bit registers, whose significands are the MMX registers.</summary>
/// <remarks>Intel SDM Vol. 1, "x87 FPU Execution Environment". Registers are held by physical number; ST(i) is register (TOP + i) modulo 8.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct X87State
{
    public X87RegisterFile Registers;

    /// <summary>FIP: the offset of the last non-control instruction.</summary>
    public ulong InstructionPointer;

    /// <summary>FDP: the offset of its memory operand.</summary>
    public ulong DataPointer;

    public ushort ControlWord;

    /// <summary>The status word; TOP is bits 13 to 11.</summary>
    public ushort StatusWord;

    /// <summary>FOP: the low 11 bits of its opcode.</summary>
    public ushort Opcode;

    public ushort InstructionSelector;
    public ushort DataSelector;

    /// <summary>The abridged tag word of FXSAVE: bit i is 1 when physical register i is not empty.</summary>
    public byte NotEmpty;
}

/// <summary>The eight physical registers of the x87 FPU.</summary>
[InlineArray(8)]
internal struct X87RegisterFile
{
    private Float80 _first;
}

/// <summary>One 80-bit extended value, as the processor holds it. Intel SDM Vol. 1, "Double Extended-Precision".</summary>
/// <remarks>
/// <code>
/// 79     78        64 63       62        0
/// | sign | exponent  | integer | fraction |
/// </code>
/// 16 bytes in memory here, so that registers are aligned; the guest sees 10.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Float80
{
    public ulong Significand;

    /// <summary>Sign in bit 15, biased exponent in bits 14 to 0.</summary>
    public ushort SignExponent;
}
