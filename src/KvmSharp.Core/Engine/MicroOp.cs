using System.Runtime.InteropServices;
using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>One guest instruction, lowered: the handler that carries it out and its operands, already resolved. 48 bytes.</summary>
/// <remarks>
/// Registers are byte offsets into <see cref="CpuContext"/>, so that AH is RAX + 1 and an absent base or index is a register that
/// always reads 0. Addresses of code are relative to RIP, so a block runs at any linear address that maps its page.
/// A branch has no memory operand, or needs no link: the two share the same bytes.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal unsafe struct MicroOp
{
    /// <summary>Carries out the instruction and returns the next micro-op, or null to go back to the run loop.</summary>
    [FieldOffset(0)]
    public delegate*<CpuContext*, MicroOp*, MicroOp*> Handler;

    /// <summary>The immediate operand, sign-extended; for relative branches the displacement.</summary>
    [FieldOffset(8)]
    public long Immediate;

    /// <summary>The displacement of the memory operand.</summary>
    [FieldOffset(16)]
    public long Displacement;

    /// <summary>For a branch: the block at the target once it is known, else null.</summary>
    [FieldOffset(16)]
    public MicroOp* Taken;

    /// <summary>For a branch, and for the end of a block: the block behind it once it is known, else null.</summary>
    [FieldOffset(24)]
    public MicroOp* Next;

    /// <summary>For an instruction out of the hot path: what carries it out (see <see cref="Instructions.GeneralShape"/>).</summary>
    [FieldOffset(24)]
    public delegate*<CpuContext*, MicroOp*, bool> Body;

    /// <summary>For the head of a block that a region begins with: how to enter it, else null.</summary>
    [FieldOffset(24)]
    public Regions.RegionEntry* Entry;

    /// <summary>For the head of a block: how many more times it runs before it counts as hot.</summary>
    [FieldOffset(32)]
    public uint Countdown;

    /// <summary>Offset of the first operand's register.</summary>
    [FieldOffset(32)]
    public ushort Dst;

    /// <summary>Offset of the second operand's register.</summary>
    [FieldOffset(34)]
    public ushort Src;

    /// <summary>Offset of the base register of the memory operand.</summary>
    [FieldOffset(36)]
    public ushort Base;

    /// <summary>Offset of the index register of the memory operand.</summary>
    [FieldOffset(38)]
    public ushort Index;

    /// <summary>The index register is shifted left by this: 0 to 3.</summary>
    [FieldOffset(40)]
    public byte Scale;

    /// <summary>The segment of the memory operand, a <see cref="SegmentIndex"/>.</summary>
    [FieldOffset(41)]
    public byte Segment;

    /// <summary>64 minus the address size in bits: shifting left and right by it truncates an effective address.</summary>
    [FieldOffset(42)]
    public byte AddressShift;

    /// <summary>Instructions in the block from this one to the end, this one included.</summary>
    [FieldOffset(43)]
    public byte Left;

    /// <summary>Bytes from the start of the block to the start of this instruction.</summary>
    [FieldOffset(44)]
    public ushort Offset;

    /// <summary>Length of the instruction in bytes: 1 to 15.</summary>
    [FieldOffset(46)]
    public byte Length;

    /// <summary>Prefixes and forms that a handler looks at: see <see cref="MicroOpTraits"/>.</summary>
    [FieldOffset(47)]
    public MicroOpTraits Traits;

    /// <summary>Gets the bytes from the start of the block to the end of this instruction.</summary>
    public readonly uint EndOffset => (uint)Offset + Length;
}

/// <summary>What a general handler asks about its instruction; two bits hold the operand size as a power of two.</summary>
[Flags]
internal enum MicroOpTraits : byte
{
    None = 0,

    /// <summary>Mask of log2 of the operand size in bytes.</summary>
    SizeMask = 3,

    /// <summary>The operand (the second one of two) is in memory.</summary>
    Memory = 4,

    /// <summary>A LOCK prefix.</summary>
    Lock = 8,

    /// <summary>REP or REPE.</summary>
    Rep = 16,

    /// <summary>REPNE.</summary>
    Repne = 32,

    /// <summary>The operand is the immediate.</summary>
    Immediate = 64,

    /// <summary>A branch whose target lies in the same page, so that it may be linked to its block.</summary>
    Linkable = 128,
}
