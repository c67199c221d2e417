using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>The decoded code of one vCPU: blocks by guest-physical address and mode, and their invalidation.</summary>
internal sealed unsafe class CodeCache : IDisposable
{
    /// <summary>Generations of translations count in the upper half of the jump cache's key.</summary>
    public const ulong FirstGeneration = 1UL << 32;

    private const int OwnWriteEntries = 64;
    private const int Buckets = 1 << 16; // an operating system's boot decodes some 100,000 blocks; untouched buckets cost no memory

    private readonly VcpuEngine _engine;
    private readonly CpuContext* _cpu;
    private readonly CodeArena _arena = new();
    private readonly BlockBuilder _builder;
    private readonly ChangingCode _changing;
    private readonly HostMemory _table;
    private readonly Block** _buckets;
    private readonly CodePages _pages = new();
    private readonly List<nint> _retired = [];
    private readonly OwnWrite[] _ownWrites = new OwnWrite[OwnWriteEntries];
    private ulong _generation = 1; // counts blocks that come and go

    public CodeCache(VcpuEngine engine, VirtualMachine vm)
    {
        _engine = engine;
        _cpu = engine.Cpu;
        Links = new BlockLinks(_arena);
        _builder = new BlockBuilder(engine, vm, _arena);
        _changing = new ChangingCode(engine, vm, _builder);
        _table = new HostMemory((ulong)(Buckets * sizeof(Block*)));
        _buckets = (Block**)_table.Pointer;
    }

    /// <summary>Gets the links between blocks.</summary>
    public BlockLinks Links { get; }

    /// <summary>Gets how often the vCPU has written to its own code.</summary>
    public ulong OwnWrites => _changing.Writes;

    /// <summary>Gets the number of blocks decoded.</summary>
    public ulong Decoded { get; private set; }

    /// <summary>Finds, or decodes, the block at CS:RIP.</summary>
    /// <param name="step">Whether it shall hold just one instruction.</param>
    /// <param name="remember">Whether jumps may come to it by themselves from now on.</param>
    /// <returns>Its head, or null when fetching raised a fault or needs an exit.</returns>
    public MicroOp* Find(bool step, bool remember = true)
    {
        ulong linear = _cpu->LinearOfCode(_cpu->State.Rip);
        uint mode = _cpu->Mode | (step ? CodeMode.Step : 0);
        JumpCacheEntry* entry = JumpCache.EntryOf(_cpu->JumpCache, linear);
        if (!step && entry->Linear == linear && entry->Key == _cpu->CodeKey && entry->Head is not null)
        {
            return entry->Head;
        }

        Recycle();
        ulong key = _cpu->CodeKey; // as it is before translating: a flush that comes meanwhile must make the entry useless
        if (!_engine.Mmu.TryTranslateCode(linear, out ulong physical))
        {
            return null;
        }

        Block* block = Lookup(physical, mode);
        if (block is not null && block->SecondPage != 0 && !StillContinues(block, linear))
        {
            if (_cpu->Stop == StopReason.Fault)
            {
                return null;
            }

            Retire(block);
            block = null;
        }

        if (block is null)
        {
            block = _builder.Build(linear, physical, mode);
            if (block is null)
            {
                return null;
            }

            Decoded++;
            Insert(block);
            if (!step && block->SecondPage == 0)
            {
                _changing.OnBuilt(block);
            }
        }

        block->Lookups++;
        MicroOp* head = Block.HeadOf(block);
        if (!step && remember && block->SecondPage == 0)
        {
            if (block->JumpEntry is not null && block->JumpEntry->Head == head)
            {
                block->JumpEntry->Head = null; // one entry a block, so that it can be taken back
            }

            *entry = new JumpCacheEntry { Linear = linear, Key = key, Head = head };
            block->JumpEntry = entry;
        }

        return head;
    }

    /// <summary>Drops the blocks that overlap a written range. They may be running: what is left of them then goes back to the run loop.</summary>
    /// <param name="physical">The first byte written.</param>
    /// <param name="length">Bytes, within one page.</param>
    public void Invalidate(ulong physical, int length)
    {
        OwnWrite unused = default;
        Invalidate(physical, length, own: false, ref unused);
    }

    /// <summary>The same for what the vCPU has written itself, by the instruction under way: a block that keeps changing may stay then.</summary>
    /// <param name="physical">The first byte written.</param>
    /// <param name="length">Bytes, within one page.</param>
    /// <returns>Whether something decoded from the page is kept.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as all on the way of such a store: a loop of them is over before the runtime would come to it
    public bool InvalidateOwn(ulong physical, int length)
    {
        ref OwnWrite last = ref _ownWrites[physical % OwnWriteEntries];
        if (last.Physical == physical && last.Length == length && last.Generation == _generation
            && (last.First is null || _changing.TryKeep(last.First, physical, length))
            && (last.Second is null || _changing.TryKeep(last.Second, physical, length)))
        {
            return true; // the same store as before, and the same blocks
        }

        ulong generation = _generation;
        last = new OwnWrite { Physical = physical, Length = length };
        if (Invalidate(physical, length, own: true, ref last) <= 2 && generation == _generation)
        {
            last.Generation = generation;
        }

        return HasPage(physical);
    }

    // Tells how many blocks were met that stay, and the first two.
    private int Invalidate(ulong physical, int length, bool own, ref OwnWrite write)
    {
        ulong page = physical & ~(ulong)GuestPage.OffsetMask;
        int met = 0;
        if (_pages.Find(page) is not { } blocks)
        {
            return met;
        }

        // Retiring takes the block out of the list, and the list out of the pages when it was the last.
        for (int i = blocks.Count - 1; i >= 0; i--)
        {
            var block = (Block*)blocks[i];
            if (block->SecondPage != page && !Overlaps(block, physical, length))
            {
                continue;
            }

            if (!own || !_changing.TryKeep(block, physical, length))
            {
                Retire(block);
            }
            else if (met++ == 0)
            {
                write.First = block;
            }
            else
            {
                write.Second = block;
            }
        }

        return met;
    }

    /// <summary>Makes a block whole whose bytes have changed, at its head; it is dropped where that cannot be done.</summary>
    /// <param name="head">The head.</param>
    /// <returns>Whether it is whole.</returns>
    public bool TryRepair(MicroOp* head)
    {
        Block* block = Block.OfHead(head);
        if (_changing.TryRepair(block))
        {
            return true;
        }

        Retire(block);
        return false;
    }

    /// <summary>Drops everything, while blocks may be running.</summary>
    public void InvalidateAll()
    {
        foreach (ulong page in _pages.All.ToArray())
        {
            Invalidate(page, GuestPage.Size);
        }
    }

    /// <summary>Tells whether anything decoded from a page is kept.</summary>
    /// <param name="physical">Any address in the page.</param>
    /// <returns>Whether there is.</returns>
    public bool HasPage(ulong physical) => _pages.Find(physical & ~(ulong)GuestPage.OffsetMask) is not null;

    /// <summary>Makes the jump cache forget everything: translations have changed.</summary>
    /// <param name="supervisorToo">Whether what supervisor code has met is forgotten too.</param>
    public void ForgetTargets(bool supervisorToo)
    {
        _cpu->UserGeneration += FirstGeneration;
        _cpu->SupervisorGeneration += supervisorToo ? FirstGeneration : 0;
        _engine.Mode.UpdateKey();
    }

    /// <summary>Drops all code: slots have changed, or the arena is full. Never while a block runs.</summary>
    public void Clear()
    {
        _engine.Translator?.ForgetAll();
        _generation++;
        _changing.Clear();
        _pages.Clear();
        _retired.Clear();
        new Span<nint>(_buckets, Buckets).Clear();
        _arena.Clear();
        JumpCache.Clear(_cpu->JumpCache);
        _cpu->LinkPlace = null;
        ForgetTargets(supervisorToo: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _arena.Dispose();
        _table.Dispose();
    }

    private static uint BucketOf(ulong physical) => (uint)((physical ^ (physical >> 12)) * 0x9E37_79B1 >> 7) & (Buckets - 1);

    private static bool Overlaps(Block* block, ulong physical, int length) =>
        physical < block->PhysicalAddress + block->Length && block->PhysicalAddress < physical + (uint)length;

    private bool StillContinues(Block* block, ulong linear)
    {
        ulong next = ((linear & ~(ulong)GuestPage.OffsetMask) + GuestPage.Size) & _cpu->LinearMask;
        _cpu->Stop = StopReason.Lookup;
        return _engine.Mmu.TryTranslateCode(next, out ulong second) && second == block->SecondPage;
    }

    /// <summary>Finds the block that was decoded at an address for a mode.</summary>
    /// <returns>The block, or null.</returns>
    public Block* Lookup(ulong physical, uint mode)
    {
        Block* block = _buckets[BucketOf(physical)];
        while (block is not null && (block->PhysicalAddress != physical || block->Mode != mode))
        {
            block = block->NextInBucket;
        }

        return block;
    }

    private void Insert(Block* block)
    {
        _generation++;
        Block** bucket = &_buckets[BucketOf(block->PhysicalAddress)];
        block->NextInBucket = *bucket;
        *bucket = block;
        _pages.Add(block);
    }

    private void Retire(Block* block)
    {
        _generation++;
        Block** place = &_buckets[BucketOf(block->PhysicalAddress)];
        while (*place != block)
        {
            place = &(*place)->NextInBucket;
        }

        *place = block->NextInBucket;
        _pages.Remove(block);
        MicroOp* head = Block.HeadOf(block);
        if (_cpu->LinkPlace >= (MicroOp**)head && _cpu->LinkPlace < (MicroOp**)(head + block->OpCount))
        {
            _cpu->LinkPlace = null;
        }

        if (block->JumpEntry is not null && block->JumpEntry->Head == head)
        {
            block->JumpEntry->Head = null;
        }

        _changing.Forget(block);
        _engine.Translator?.Forget(block);
        Links.CutIncoming(block);
        Links.CutOutgoing(block);
        for (int i = 0; i < block->OpCount; i++)
        {
            head[i].Handler = BlockHandlers.StaleHandler;
        }

        _retired.Add((nint)block);
    }

    private void Recycle()
    {
        if (_arena.IsFull)
        {
            Clear();
        }

        _engine.Translator?.Recycle();
        if (_retired.Count == 0)
        {
            return;
        }

        foreach (nint block in _retired)
        {
            _arena.Free((Block*)block);
        }

        _retired.Clear();
    }

    // A store of the vCPU into a page with code, and the blocks that it met, null for none. Valid while blocks neither come nor go.
    private struct OwnWrite
    {
        public ulong Physical;
        public ulong Generation;
        public Block* First;
        public Block* Second;
        public int Length;
    }
}
