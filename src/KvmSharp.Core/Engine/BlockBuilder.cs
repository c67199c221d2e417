using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Intercepts;
using KvmSharp.Memory;
using KvmSharp.Observing;

namespace KvmSharp.Engine;

/// <summary>Decodes guest bytes with Iced and lowers them to a block of micro-ops.</summary>
internal sealed unsafe class BlockBuilder
{
    /// <summary>The length of the longest instruction.</summary>
    public const int MaxInstructionBytes = 15;

    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly CodeArena _arena;
    private readonly CpuContext* _cpu;
    private readonly CodeBytes _bytes = new();
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;
    private readonly Instruction[] _instructions = new Instruction[CodeArena.MaxInstructions];
    private readonly bool[] _flagsDead = new bool[CodeArena.MaxInstructions];

    public BlockBuilder(VcpuEngine engine, VirtualMachine vm, CodeArena arena)
    {
        _engine = engine;
        _vm = vm;
        _arena = arena;
        _cpu = engine.Cpu;
        _decoder16 = Decoder.Create(16, _bytes);
        _decoder32 = Decoder.Create(32, _bytes);
        _decoder64 = Decoder.Create(64, _bytes);
    }

    /// <summary>Builds the block at an address.</summary>
    /// <param name="linear">Its linear address.</param>
    /// <param name="physical">Its guest-physical address.</param>
    /// <param name="mode">The mode to decode for.</param>
    /// <returns>The block, or null when the fetch raised a fault or needs an exit.</returns>
    public Block* Build(ulong linear, ulong physical, uint mode)
    {
        SlotMemory? slot = _vm.Memory.Find(physical);
        if (slot is null)
        {
            _engine.CannotFetch();
            return null;
        }

        int offset = (int)(physical & GuestPage.OffsetMask);
        int inPage = GuestPage.Size - offset;
        _bytes.Begin(slot.PageOf(physical) + offset, inPage);
        int limit = (mode & CodeMode.Step) != 0 ? 1 : CodeArena.MaxInstructions;
        int count = Decode(limit, out int length);
        while (count > 0 && _vm.MarkCode(physical, length, _engine))
        {
            // From here on a write is noticed; one that came in between is read now. Marking may have let slots change.
            slot = _vm.Memory.Find(physical);
            if (slot is null)
            {
                _engine.CannotFetch();
                return null;
            }

            _bytes.Begin(slot.PageOf(physical) + offset, inPage);
            count = Decode(limit, out length);
        }

        if (count > 0)
        {
            return Lower(linear, physical, mode, count);
        }

        return inPage < MaxInstructionBytes ? BuildStraddling(linear, physical, mode, inPage) : RefuseLength();
    }

    private static bool EndsBlock(in Instruction instruction) => instruction.FlowControl != FlowControl.Next
        && instruction.FlowControl is not (FlowControl.Exception or FlowControl.XbeginXabortXend);

    /// <summary>An instruction that runs on into the next page: fetched through both translations, alone in its block.</summary>
    private Block* BuildStraddling(ulong linear, ulong physical, uint mode, int inPage)
    {
        ulong next = (linear + (uint)inPage) & _cpu->LinearMask;
        if (!_engine.Mmu.TryTranslateCode(next, out ulong second))
        {
            return null;
        }

        // Marking may let slots change, so they are found behind it.
        _vm.MarkCode(physical, inPage, _engine);
        _vm.MarkCode(second, MaxInstructionBytes, _engine);
        SlotMemory? firstSlot = _vm.Memory.Find(physical);
        SlotMemory? secondSlot = _vm.Memory.Find(second);
        if (firstSlot is null || secondSlot is null)
        {
            _engine.CannotFetch();
            return null;
        }

        _bytes.BeginJoined(new ReadOnlySpan<byte>(firstSlot.PageOf(physical) + (physical & GuestPage.OffsetMask), inPage));
        _bytes.Join(new ReadOnlySpan<byte>(secondSlot.PageOf(second), MaxInstructionBytes - inPage));
        if (Decode(1, out _) == 0)
        {
            return RefuseLength();
        }

        Block* block = Lower(linear, physical, mode, 1);
        block->SecondPage = second & ~(ulong)GuestPage.OffsetMask;
        return block;
    }

    private Block* RefuseLength()
    {
        // Intel SDM Vol. 3A, "Interrupt 13": an instruction longer than 15 bytes. Prefixes count.
        Faults.GeneralProtection(_cpu);
        return null;
    }

    private int Decode(int limit, out int length)
    {
        Decoder decoder = (_cpu->Mode & (CodeMode.Code32 | CodeMode.Code64)) switch
        {
            CodeMode.Code64 => _decoder64,
            CodeMode.Code32 => _decoder32,
            _ => _decoder16,
        };
        decoder.IP = 0;
        int count = 0;
        length = 0;
        while (count < limit)
        {
            decoder.Decode(out _instructions[count]);
            if (decoder.LastError == DecoderError.NoMoreBytes)
            {
                break;
            }

            ref Instruction instruction = ref _instructions[count];
            count++;
            length += instruction.Length;
            if (instruction.IsInvalid || EndsBlock(instruction))
            {
                break;
            }
        }

        return count;
    }

    // Each intercepted or observed instruction takes more micro-ops; what no longer fits goes to the next block.
    private int FitWatchers(int count, out int watchers)
    {
        watchers = 0;
        InterceptControls controls = _engine.Intercepts.Controls;
        int observers = (_vm.ObservesInstructions ? 1 : 0) + (_vm.CountsInstructions ? 1 : 0);
        if (ReferenceEquals(controls, InterceptControls.None) && observers == 0)
        {
            return count;
        }

        for (int i = 0; i < count; i++)
        {
            int more = observers + (InstructionIntercepts.Find(controls, _instructions[i]) is null ? 0 : 1);
            if (i + 1 + watchers + more > CodeArena.MaxInstructions)
            {
                return i;
            }

            watchers += more;
        }

        return count;
    }

    private Block* Lower(ulong linear, ulong physical, uint mode, int count)
    {
        count = FitWatchers(count, out int watchers);
        FlagLiveness.Find(_instructions.AsSpan(0, count), _flagsDead, (mode & CodeMode.Step) != 0);
        Block* block = _arena.Allocate(count + watchers + 2);
        MicroOp* head = Block.HeadOf(block);
        MicroOp* op = head + 1;
        int offset = 0;
        int lowered = 0;
        bool ends = false;
        for (; lowered < count && !ends; lowered++, op++)
        {
            *op = default;
            op->Offset = (ushort)offset;
            op->Length = (byte)_instructions[lowered].Length;
            var lowering = new Lowering
            {
                Instruction = _instructions[lowered],
                Op = op,
                Mode = mode,
                Table = InstructionSet.Table,
                Bytes = _bytes,
                Features = _engine.Features,
                FlagsAreDead = _flagsDead[lowered],
                PageOffset = (int)(physical & GuestPage.OffsetMask),
            };
            lowering.Lower();
            ends = lowering.EndsBlock;
            offset += op->Length;

            // Counts up here, and is turned round below when the number of instructions is known.
            op->Left = (byte)lowered;
            if (watchers > 0)
            {
                op = Watch(op, lowering, linear, physical);
            }

            if (lowering.Links > 0)
            {
                block->LinkOp = op;
                block->Links = (byte)lowering.Links;
            }
        }

        for (MicroOp* each = head + 1; each < op; each++)
        {
            each->Left = (byte)(lowered - each->Left);
        }

        *head = new MicroOp { Handler = &BlockHandlers.Head, Immediate = lowered, Displacement = offset - 1 };
        if (_engine.Translator is { } translator && (mode & CodeMode.Step) == 0 && !_vm.WatchesInstructions)
        {
            head->Handler = &Regions.RegionHandlers.Count;
            head->Countdown = translator.Countdown;
        }

        MicroOp* end = op;
        *end = new MicroOp { Handler = &BlockHandlers.End, Offset = (ushort)offset };
        if (!ends)
        {
            end->Traits = (int)(physical & GuestPage.OffsetMask) + offset < GuestPage.Size ? MicroOpTraits.Linkable : MicroOpTraits.None;
            block->LinkOp = end;
            block->Links = 1;
        }

        block->PhysicalAddress = physical;
        block->Mode = mode;
        block->Length = (ushort)offset;
        block->Count = (byte)lowered;
        block->OpCount = (ushort)(end + 1 - head);
        return block;
    }

    // Watchers take the place of the instruction, which moves up with its links. Who observes is asked first: an intercept may stop it.
    private MicroOp* Watch(MicroOp* op, in Lowering lowering, ulong linear, ulong physical)
    {
        if (_vm.CountsInstructions && CounterOf(op, linear, physical) is var counter && counter is not null)
        {
            op = MoveUp(op, InstructionWatch.CountHandler);
            op[-1].Immediate = (long)counter;
        }

        if (_vm.ObservesInstructions)
        {
            op = MoveUp(op, InstructionWatch.TellHandler);
        }

        delegate*<CpuContext*, MicroOp*, MicroOp*> watcher = lowering.IsUndefined ? null : InstructionIntercepts.Find(_engine.Intercepts.Controls, lowering.Instruction);
        return watcher is null ? op : MoveUp(op, watcher);
    }

    private static MicroOp* MoveUp(MicroOp* op, delegate*<CpuContext*, MicroOp*, MicroOp*> watcher)
    {
        op[1] = op[0];
        op->Handler = watcher;
        return op + 1;
    }

    private ulong* CounterOf(MicroOp* op, ulong linear, ulong physical)
    {
        Span<byte> bytes = stackalloc byte[op->Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = _bytes.ByteAt(op->Offset + i);
        }

        int bits = (_cpu->Mode & CodeMode.Code64) != 0 ? 64 : (_cpu->Mode & CodeMode.Code32) != 0 ? 32 : 16;
        return _engine.ExecutionCounts.Of((linear + op->Offset) & _cpu->LinearMask, physical + op->Offset, bits, bytes);
    }
}
