namespace KvmSharp.Regions;

/// <summary>What a region is made of, ready to be translated.</summary>
internal sealed class RegionPlan
{
    /// <summary>The blocks by address.</summary>
    public required RegionBlock[] Blocks { get; init; }

    /// <summary>The blocks where control may come in, in the order of their numbers.</summary>
    public required RegionBlock[] Entries { get; init; }

    /// <summary>What all of it was decoded for.</summary>
    public required uint Mode { get; init; }

    /// <summary>Whether MXCSR let the host's arithmetic stand for the guest's when the region was formed, as it mostly does once a result was inexact.</summary>
    public required bool RoundsOnHost { get; init; }

    /// <summary>The x87's TOP when the region was formed, before its first block.</summary>
    public required int X87Top { get; init; }

    /// <summary>The guest-physical pages besides the first block's, with the linear distance of each from the first block's page.</summary>
    public required (long Delta, ulong Physical)[] OtherPages { get; init; }

    /// <summary>Gets the number of guest instructions.</summary>
    public int InstructionCount => Blocks.Sum(block => block.Instructions.Length);

    /// <summary>Gets one word that is 0 as soon as the region must not go on. Pinned: translated code names its address.</summary>
    public long[] Validity { get; } = GC.AllocateArray<long>(1, pinned: true);

    /// <summary>Gets the micro-ops whose handlers the translated code calls, each with one behind it that gives control back. Pinned, as above.</summary>
    public List<Engine.MicroOp[]> HandlerOps { get; } = [];

    /// <summary>Gets the return addresses of calls inside the region, and the blocks there.</summary>
    public IEnumerable<RegionBlock> ReturnSites => Blocks.Where(block => block is { Taken: not null, Next: not null, HasTerminator: true }
        && block.Terminator.FlowControl == Iced.Intel.FlowControl.Call).Select(block => block.Next!).Distinct();
}
