using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>The blocks of one vCPU that it keeps writing to: a new immediate goes straight into the micro-op, other changes are decoded when the block runs next.</summary>
/// <remarks>
/// Such a block stays where it is, linked as it was; only its head leads to <see cref="BlockHandlers.Repair"/> while bytes of it
/// have changed otherwise. It is never translated. All that does not fit (another length, another end, the rest of the block that runs)
/// drops the block, as writes by others do.
/// </remarks>
/// <param name="engine">The vCPU.</param>
/// <param name="vm">Its machine.</param>
/// <param name="builder">Decodes.</param>
internal sealed unsafe class ChangingCode(VcpuEngine engine, VirtualMachine vm, BlockBuilder builder)
{
    private const int ChangesBefore = 2;    // so often a block is dropped before it is kept
    private const int MostAddresses = 4096; // that are remembered; then counting begins anew
    private const int MostBlocks = 256;

    private readonly Dictionary<ulong, int> _changes = [];
    private readonly ChangingBlock?[] _blocks = new ChangingBlock?[MostBlocks];

    /// <summary>Gets how many writes by the vCPU itself have met its blocks.</summary>
    public ulong Writes { get; private set; }

    /// <summary>Keeps a block that has just been built, if it has changed often enough.</summary>
    /// <param name="block">The block; whole in its page, and for no single step.</param>
    public void OnBuilt(Block* block)
    {
        if (_changes.Count == 0
            || _changes.GetValueOrDefault(block->PhysicalAddress) < ChangesBefore
            || Array.IndexOf(_blocks, null) is var free && free < 0
            || !ReferenceEquals(engine.Intercepts.Controls, InterceptControls.None)
            || BytesOf(block) is var bytes && bytes is null)
        {
            return;
        }

        _blocks[free] = new ChangingBlock(block, builder.Instructions[..block->Count], bytes);
        block->Changing = free + 1;
    }

    /// <summary>Tells that a block is dropped.</summary>
    /// <param name="block">The block.</param>
    public void Forget(Block* block)
    {
        if (block->Changing != 0)
        {
            _blocks[block->Changing - 1] = null;
            block->Changing = 0;
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_blocks);
        _changes.Clear();
    }

    /// <summary>Tells a block that the vCPU has written to its bytes.</summary>
    /// <param name="block">The block.</param>
    /// <param name="physical">The first byte written.</param>
    /// <param name="length">How many, within one page.</param>
    /// <returns>Whether the block stays; else it must be dropped.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryKeep(Block* block, ulong physical, int length)
    {
        Writes++;
        if (block->Changing == 0)
        {
            if (_changes.Count >= MostAddresses)
            {
                _changes.Clear();
            }

            _changes[block->PhysicalAddress] = _changes.GetValueOrDefault(block->PhysicalAddress) + 1;
            return false;
        }

        ChangingBlock changing = _blocks[block->Changing - 1]!;
        byte* bytes = BytesOf(block);
        int from = (int)((long)physical - (long)block->PhysicalAddress);
        int to = from + length;
        if (bytes is null)
        {
            return false;
        }

        if (changing.TryPatch(block, bytes, from, to))
        {
            return true;
        }

        // What of the running block has yet to come must not run as it was.
        int last = changing.NoteChange(block, from, to);
        MicroOp* head = Block.HeadOf(block);
        MicroOp* current = engine.Cpu->CurrentOp;
        if (engine.Loop.IsInChain && current >= head && current < head + block->OpCount && current <= ChangingBlock.OpAt(block, last))
        {
            return false;
        }

        if ((nint)head->Handler != (nint)BlockHandlers.RepairHandler)
        {
            changing.HeadHandler = (nint)head->Handler;
            head->Handler = BlockHandlers.RepairHandler;
        }

        return true;
    }

    /// <summary>Decodes what has changed in a block, at its head.</summary>
    /// <param name="block">The block.</param>
    /// <returns>Whether it is whole again; else it must be dropped.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRepair(Block* block)
    {
        ChangingBlock changing = _blocks[block->Changing - 1]!;
        byte* bytes = BytesOf(block);
        if (bytes is null)
        {
            return false;
        }

        for (int i = changing.FirstChanged; i <= changing.LastChanged; i++)
        {
            MicroOp* op = ChangingBlock.OpAt(block, i);
            bool isLast = i == block->Count - 1;
            if (!isLast && changing.TryRecall(block, i, bytes))
            {
                continue;
            }

            if (isLast || !builder.TryLowerAgain(block, op, bytes, changing.InstructionAt(i), out Instruction instruction))
            {
                return false;
            }

            changing.Replace(block, i, instruction, bytes);
        }

        changing.NoteWhole();
        Block.HeadOf(block)->Handler = (delegate*<Cpu.CpuContext*, MicroOp*, MicroOp*>)changing.HeadHandler;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* BytesOf(Block* block)
    {
        SlotMemory? slot = vm.Memory.Find(block->PhysicalAddress);
        return slot is null ? null : slot.PageOf(block->PhysicalAddress) + (block->PhysicalAddress & GuestPage.OffsetMask);
    }
}
