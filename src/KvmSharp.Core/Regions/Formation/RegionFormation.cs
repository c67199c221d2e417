using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Regions;

/// <summary>Chooses the blocks of a region: those that control has reached from a hot block, its function first and what that calls behind.</summary>
/// <remarks>
/// RyuJIT falls back to unoptimised code above 8,000 references to locals and its time grows faster than the size, hence the bounds.
/// </remarks>
internal sealed unsafe class RegionFormation(VcpuEngine engine)
{
    private const int MostInstructions = 260;
    private const int MostBlocks = 64;
    private const int InstructionsBeforeCallees = 120; // a callee is taken in only while the caller is small
    private const long Reach = 30_000;                 // in 16-bit code a distance must fit a word

    private readonly CodeBytes _bytes = new();
    private readonly Dictionary<long, RegionBlock?> _blocks = [];
    private readonly Queue<long> _near = new();
    private readonly Queue<long> _calls = new();
    private readonly List<(long Delta, ulong Physical)> _pages = [];
    private readonly bool[] _dead = new bool[CodeArena.MaxInstructions];
    private ulong _physical;
    private ulong _linear;
    private uint _mode;
    private int _instructions;

    /// <summary>Forms the region of a hot block at the present RIP.</summary>
    /// <param name="hot">The block, about to run.</param>
    /// <param name="isWarm">Tells by a block's countdown whether it has run often enough to join.</param>
    /// <returns>The plan, or null when nothing is worth translating.</returns>
    public RegionPlan? Form(Block* hot, Func<uint, bool> isWarm)
    {
        _blocks.Clear();
        _near.Clear();
        _calls.Clear();
        _pages.Clear();
        _instructions = 0;
        _physical = hot->PhysicalAddress;
        _linear = engine.Cpu->LinearOfCode(engine.Cpu->State.Rip);
        _mode = hot->Mode;
        Visit(0, hot);
        while (_blocks.Count < MostBlocks && (_near.TryDequeue(out long delta) || (_instructions < InstructionsBeforeCallees && _calls.TryDequeue(out delta))))
        {
            if (!_blocks.ContainsKey(delta))
            {
                Visit(delta, FindBlock(delta, isWarm));
            }
        }

        RegionBlock[] blocks = [.. _blocks.Values.OfType<RegionBlock>().OrderBy(block => block.Delta)];
        if (blocks.Length == 0)
        {
            return null;
        }

        Connect(blocks);
        return new RegionPlan
        {
            Blocks = blocks,
            Entries = [.. blocks.Where(block => block.IsEntry)],
            Mode = _mode,
            RoundsOnHost = new FloatStatus(engine.Cpu->State.Vector.Mxcsr).AllowsHost,
            X87Top = engine.Cpu->State.X87.Top,
            OtherPages = [.. _pages],
        };
    }

    private void Visit(long delta, Block* block)
    {
        if (block is null || block->SecondPage != 0 || _instructions + block->Count > MostInstructions || Decode(delta, block) is not { } found)
        {
            _blocks[delta] = null;
            return;
        }

        _blocks[delta] = found;
        _instructions += block->Count;
        if (!found.HasTerminator)
        {
            _near.Enqueue(found.End);
            return;
        }

        ref readonly Instruction last = ref found.Terminator;
        switch (last.FlowControl)
        {
            case FlowControl.ConditionalBranch when IsPlainBranch(last):
                _near.Enqueue(found.End);
                _near.Enqueue(TargetOf(last));
                break;
            case FlowControl.UnconditionalBranch when IsPlainBranch(last):
                _near.Enqueue(TargetOf(last));
                break;
            case FlowControl.Call when IsPlainBranch(last):
                _near.Enqueue(found.End);
                _calls.Enqueue(TargetOf(last));
                break;
            case FlowControl.Next or FlowControl.IndirectCall: // REP strings, what ends a block for its effects, calls through a pointer
                _near.Enqueue(found.End);
                break;
        }
    }

    // LOOP and JCXZ are left to the interpreter, as are branches that truncate RIP to 16 bits in wider code.
    private bool IsPlainBranch(in Instruction instruction) =>
        instruction.Op0Kind == ((_mode & CodeMode.Code64) != 0 ? OpKind.NearBranch64 : (_mode & CodeMode.Code32) != 0 ? OpKind.NearBranch32 : OpKind.NearBranch16)
        && (instruction.FlowControl != FlowControl.ConditionalBranch || instruction.IsJccShortOrNear);

    /// <summary>Gives the target of a relative branch, as a distance from the region's first block.</summary>
    public static long TargetOf(in Instruction instruction) => instruction.Op0Kind switch
    {
        OpKind.NearBranch16 => (short)instruction.NearBranch16,
        OpKind.NearBranch32 => (int)instruction.NearBranch32,
        _ => (long)instruction.NearBranch64,
    };

    private Block* FindBlock(long delta, Func<uint, bool> isWarm)
    {
        if (Math.Abs(delta) > Reach)
        {
            return null;
        }

        ulong offset = (_linear & GuestPage.OffsetMask) + (ulong)delta;
        long pageDelta = (long)(offset & ~(ulong)GuestPage.OffsetMask);
        ulong physical;
        if (pageDelta == 0)
        {
            physical = (_physical & ~(ulong)GuestPage.OffsetMask) + offset;
        }
        else if (engine.Mmu.TryRecallCode((_linear + (ulong)delta) & engine.Cpu->LinearMask, out physical))
        {
            (long, ulong) page = (pageDelta, physical & ~(ulong)GuestPage.OffsetMask);
            if (!_pages.Contains(page))
            {
                _pages.Add(page);
            }
        }
        else
        {
            return null;
        }

        Block* block = engine.Code.Lookup(physical, _mode);
        return block is not null && block->Changing == 0 && isWarm(Block.HeadOf(block)->Countdown) ? block : null;
    }

    private RegionBlock? Decode(long delta, Block* block)
    {
        if (engine.Machine.Memory.Find(block->PhysicalAddress) is not { } slot)
        {
            return null;
        }

        int offset = (int)(block->PhysicalAddress & GuestPage.OffsetMask);
        _bytes.Begin(slot.PageOf(block->PhysicalAddress) + offset, block->Length);
        Decoder decoder = Decoder.Create((_mode & CodeMode.Code64) != 0 ? 64 : (_mode & CodeMode.Code32) != 0 ? 32 : 16, _bytes, (ulong)delta);
        var instructions = new Instruction[block->Count];
        for (int i = 0; i < instructions.Length; i++)
        {
            decoder.Decode(out instructions[i]);
            if (instructions[i].IsInvalid)
            {
                return null; // or changed by someone else since: then it is dropped in a moment
            }
        }

        MicroOp* first = Block.HeadOf(block) + 1;
        if (block->OpCount != block->Count + 2)
        {
            return null; // intercepted instructions have micro-ops of their own
        }

        FlagLiveness.Find(instructions, _dead, stepping: false);
        return new RegionBlock
        {
            Delta = delta,
            Block = block,
            Length = block->Length,
            Instructions = instructions,
            Ops = new ReadOnlySpan<MicroOp>(first, block->Count + 1).ToArray(),
            HasTerminator = block->LinkOp != first + block->Count,
            FlagsAreDead = _dead.AsSpan(0, instructions.Length).ToArray(),
        };
    }

    private void Connect(RegionBlock[] blocks)
    {
        blocks.First(block => block.Delta == 0).IsEntry = true;
        foreach (RegionBlock block in blocks)
        {
            block.Next = _blocks.GetValueOrDefault(block.End);
            if (!block.HasTerminator)
            {
                continue;
            }

            ref readonly Instruction last = ref block.Terminator;
            bool plain = last.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch or FlowControl.Call && IsPlainBranch(last);
            block.Taken = plain ? _blocks.GetValueOrDefault(TargetOf(last)) : null;
            if (last.FlowControl == FlowControl.UnconditionalBranch)
            {
                block.Next = null;
            }

            // Loop headers, functions, and where the interpreter comes back.
            if (block.Taken is { } taken && (taken.Delta <= block.Delta || last.FlowControl == FlowControl.Call))
            {
                taken.IsEntry = true;
            }

            if (block.Next is { } next && !(last.FlowControl == FlowControl.ConditionalBranch && plain))
            {
                next.IsEntry = true;
            }
        }
    }
}
