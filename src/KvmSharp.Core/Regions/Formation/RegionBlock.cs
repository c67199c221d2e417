using Iced.Intel;
using KvmSharp.Engine;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>One block as the translator sees it: copied on the vCPU's thread, so that the compiler reads nothing that may change.</summary>
internal sealed unsafe class RegionBlock
{
    /// <summary>Bytes from the region's first block to this one, in linear addresses.</summary>
    public required long Delta { get; init; }

    /// <summary>Gets the block itself; the compiler must not look into it, since it may have gone with its machine.</summary>
    public required Block* Block { get; init; }

    /// <summary>Gets the bytes of its instructions.</summary>
    public required long Length { get; init; }

    /// <summary>The instructions, decoded as if the region's first block lay at address 0.</summary>
    public required Instruction[] Instructions { get; init; }

    /// <summary>The micro-ops of the instructions, and the end of the block.</summary>
    public required MicroOp[] Ops { get; init; }

    /// <summary>Gets the addresses of the micro-ops: where the interpreter goes on.</summary>
    public MicroOp* FirstOp => Head + 1;

    public MicroOp* Head => Engine.Block.HeadOf(Block);

    /// <summary>Gets or sets a value indicating whether the last instruction decides what follows; else the next block does.</summary>
    public bool HasTerminator { get; init; }

    /// <summary>Gets or sets a value indicating whether control may come here from outside of the region.</summary>
    public bool IsEntry { get; set; }

    /// <summary>Gets the instructions whose flags nobody can see.</summary>
    public required bool[] FlagsAreDead { get; init; }

    /// <summary>Gets or sets the block that follows when no branch is taken, if it is in the region.</summary>
    public RegionBlock? Next { get; set; }

    /// <summary>Gets or sets the block at the target of the terminator, if it is in the region.</summary>
    public RegionBlock? Taken { get; set; }

    /// <summary>Gets or sets how the flags are kept when the block begins.</summary>
    public FlagKind FlagsIn { get; set; } = FlagKind.Untouched;

    /// <summary>Gets or sets what the x87's TOP is expected to be when the block begins; counted on past 7 and below 0.</summary>
    public int X87Top { get; set; }

    /// <summary>Gets or sets where its code begins.</summary>
    public Label Label { get; set; }

    /// <summary>Gets the distance of the end from the region's first block.</summary>
    public long End => Delta + Length;

    public ref readonly Instruction Terminator => ref Instructions[^1];
}
