using System.Runtime.InteropServices;

namespace KvmSharp.Engine;

/// <summary>A run of instructions decoded from one guest-physical page; its micro-ops lie right behind it in the code arena.</summary>
/// <remarks>The first micro-op is the block's head: it pays for the whole block from the instruction budget and polls for requests.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Block
{
    /// <summary>Guest-physical address of the first byte.</summary>
    public ulong PhysicalAddress;

    /// <summary>The next block in the same bucket of the code cache.</summary>
    public Block* NextInBucket;

    /// <summary>Guest-physical address of the page into which the block's only instruction runs on, else 0.</summary>
    public ulong SecondPage;

    /// <summary>The jump-cache entry that leads here, or null.</summary>
    public JumpCacheEntry* JumpEntry;

    /// <summary>The micro-op that holds links to other blocks, or null.</summary>
    public MicroOp* LinkOp;

    /// <summary>The links of other blocks (and of this one) that lead here, so that they can be cut.</summary>
    public LinkRecord* Incoming;

    /// <summary>What the code was decoded for: see <see cref="CodeMode"/>.</summary>
    public uint Mode;

    /// <summary>Length in bytes of guest code.</summary>
    public ushort Length;

    /// <summary>Guest instructions.</summary>
    public byte Count;

    /// <summary>Links in <see cref="LinkOp"/>: 1 for <c>Next</c>, 2 for <c>Taken</c> as well.</summary>
    public byte Links;

    /// <summary>Micro-ops that follow, head and end included.</summary>
    public ushort OpCount;

    /// <summary>Size class of the arena piece that holds the block.</summary>
    public ushort SizeClass;

    /// <summary>For a block that the vCPU keeps writing to its number in <see cref="ChangingCode"/>, from 1; else 0.</summary>
    public int Changing;

    /// <summary>Executions, counted by the run loop's look-ups only.</summary>
    public uint Lookups;

    /// <summary>Gets the head of a block.</summary>
    /// <param name="block">The block.</param>
    /// <returns>Its first micro-op.</returns>
    public static MicroOp* HeadOf(Block* block) => (MicroOp*)(block + 1);

    /// <summary>Gets the block of a head.</summary>
    /// <param name="head">A block's first micro-op.</param>
    /// <returns>The block.</returns>
    public static Block* OfHead(MicroOp* head) => (Block*)head - 1;
}

/// <summary>One link into a block: the place that holds the pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LinkRecord
{
    public MicroOp** Place;
    public LinkRecord* Next;
}
