using System.Runtime.CompilerServices;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Regions;

/// <summary>The translator of one vCPU: notices hot blocks, has their regions compiled, puts them in place and takes them out again.</summary>
/// <remarks>All of it runs on the vCPU's thread; only compiling does not, and what is compiled comes back by <see cref="PendingWork.Translation"/>.</remarks>
internal sealed unsafe class Translator
{
    private const uint HotAfter = 40_000;       // executions of a block: RyuJIT takes as long for an instruction as its interpretation so many times
    private const uint WarmShare = 4;           // a block joins a region at this part of them
    private const uint PortShare = 64;          // one that uses ports runs so many times as often first: most of its time is the devices'
    private const uint HotAgainAfter = 100_000; // for what was dropped
    private const int MostDrops = 4;           // a block that keeps changing stays with the interpreter, unless everything is to be translated
    private const int MostWaiting = 64;

    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly RegionFormation _formation;
    private readonly RegionMailbox? _mailbox;
    private readonly List<Region?> _regions = [];
    private readonly Dictionary<nint, List<Region>> _byBlock = [];
    private readonly Dictionary<ulong, int> _drops = [];
    private readonly List<Region> _graveyard = [];
    private readonly TranslatorCounters _counters;
    private readonly uint _countdown;
    private int _waiting;
    private ulong _windowBegin;
    private ulong _writesBefore;
    private long _bytes;

    /// <summary>Makes a translator.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <param name="vm">Its machine.</param>
    /// <param name="synchronous">Whether code is translated when it has run twice, before it goes on.</param>
    public Translator(VcpuEngine engine, VirtualMachine vm, bool synchronous)
    {
        _engine = engine;
        _vm = vm;
        _counters = engine.TranslatorCounters;
        _formation = new RegionFormation(engine);
        _mailbox = synchronous ? null : new RegionMailbox(engine.Requests);
        _countdown = synchronous ? 2 : HotAfter;
    }

    /// <summary>Gets a value indicating whether this runtime can compile code.</summary>
    public static bool IsSupported => RuntimeFeature.IsDynamicCodeSupported && RuntimeFeature.IsDynamicCodeCompiled;

    /// <summary>Tells how often a block runs before it counts as hot.</summary>
    /// <param name="usesPorts">Whether it has IN or OUT.</param>
    /// <returns>How many times.</returns>
    public uint CountdownFor(bool usesPorts) => usesPorts && _mailbox is not null ? HotAfter * PortShare : _countdown;

    /// <summary>Forms and compiles the region of a block that has become hot.</summary>
    /// <param name="head">The block's head, about to run.</param>
    public void OnHot(MicroOp* head)
    {
        head->Countdown = uint.MaxValue;
        Block* block = Block.OfHead(head);
        if ((_mailbox is not null && _drops.GetValueOrDefault(block->PhysicalAddress) >= MostDrops) || !_engine.Intercepts.Controls.Equals(InterceptControls.None))
        {
            return;
        }

        if (block->Changing != 0 || ChangesItsCode())
        {
            head->Countdown = HotAfter;
            return;
        }

        if (_engine.Debugger.Options is not null || _engine.Breakpoints.HasCode || (_mailbox is not null && _waiting >= MostWaiting))
        {
            head->Countdown = HotAfter;
            return;
        }

        if (_byBlock.TryGetValue((nint)block, out List<Region>? waiting) && waiting.Exists(static region => region.Code is null))
        {
            head->Countdown = HotAfter - (HotAfter / WarmShare); // the region that is on its way may be all it takes
            return;
        }

        if (_formation.Form(block, IsWarm) is not { } plan)
        {
            return;
        }

        var region = new Region(plan);
        foreach (RegionBlock each in plan.Blocks)
        {
            if (!_byBlock.TryGetValue((nint)each.Block, out List<Region>? list))
            {
                _byBlock.Add((nint)each.Block, list = []);
            }

            list.Add(region);
        }

        if (_mailbox is null)
        {
            RegionCompiler.Compile(region, _counters, _vm.TranslatedCodeLimit);
            Install(region);
        }
        else
        {
            _waiting++;
            RegionCompiler.Add(region, _mailbox, _counters, _vm.TranslatedCodeLimit);
        }
    }

    /// <summary>Puts in place what the compiler has finished.</summary>
    public void TakeCompiled()
    {
        while (_mailbox is not null && _mailbox.TryTake(out Region? region))
        {
            _waiting--;
            Install(region);
        }
    }

    /// <summary>Tells that a block is dropped, and with it the regions that it is part of.</summary>
    /// <param name="block">The block, perhaps running.</param>
    public void Forget(Block* block)
    {
        if (!_byBlock.TryGetValue((nint)block, out List<Region>? regions))
        {
            return;
        }

        foreach (Region region in regions.ToArray())
        {
            Drop(region);
        }

        _drops[block->PhysicalAddress] = _drops.GetValueOrDefault(block->PhysicalAddress) + 1;
    }

    /// <summary>Drops every region.</summary>
    public void ForgetAll()
    {
        foreach (Region region in _byBlock.Values.SelectMany(list => list).Distinct().ToArray())
        {
            Drop(region);
        }
    }

    /// <summary>Lets go of what was dropped. Never while code runs.</summary>
    public void Recycle() => _graveyard.Clear();

    /// <summary>Checks that the other pages of a region lie at the present addresses where they lay when it was formed.</summary>
    /// <param name="entry">The way in.</param>
    /// <returns>Whether the region may be entered.</returns>
    public bool StillMaps(RegionEntry* entry)
    {
        ulong rip = _engine.Cpu->State.Rip;
        Region region = _regions[entry->Region]!;
        ulong first = (_engine.Cpu->LinearOfCode(rip) - (ulong)region.Plan.Entries[entry->Index].Delta) & ~(ulong)GuestPage.OffsetMask;
        foreach ((long delta, ulong physical) in region.Plan.OtherPages)
        {
            if (!_engine.Mmu.TryRecallCode((first + (ulong)delta) & _engine.Cpu->LinearMask, out ulong found) || found != physical)
            {
                return false;
            }
        }

        (entry->CheckedRip, entry->CheckedKey) = (rip, _engine.Cpu->CodeKey);
        return true;
    }

    // While many stores go to decoded code regions would leave by every one of them, and be dropped soon.
    private bool ChangesItsCode()
    {
        const ulong Window = 4_000_000;           // instructions
        const ulong InstructionsForEachWrite = 64; // fewer are too few
        ulong instructions = _engine.RetiredNow - _windowBegin;
        bool changes = (_engine.Code.OwnWrites - _writesBefore) * InstructionsForEachWrite > instructions;
        if (instructions > Window)
        {
            (_windowBegin, _writesBefore) = (_engine.RetiredNow, _engine.Code.OwnWrites);
        }

        return changes;
    }

    // Whether a block has run often enough to join a region, by what is left of its countdown; one that was hot has wrapped round.
    private bool IsWarm(uint countdown) => _mailbox is null
        || countdown <= HotAfter - (HotAfter / WarmShare)
        || (countdown > HotAgainAfter && countdown <= (HotAfter * PortShare) - (HotAfter / WarmShare))
        || countdown > int.MaxValue;

    private void Install(Region region)
    {
        if (region.IsDropped || region.Code is null)
        {
            Drop(region);
            return;
        }

        if (_bytes + region.Code.Bytes > _vm.TranslatedCodeLimit)
        {
            Region[] all = [.. _regions.OfType<Region>()];
            foreach (Region old in all)
            {
                Drop(old);
            }
        }

        _bytes += region.Code.Bytes;
        int number = _regions.IndexOf(null);
        if (number < 0)
        {
            number = _regions.Count;
            _regions.Add(null);
        }

        _regions[number] = region;
        region.Install(number);
        _counters.Regions++;
        _counters.RegionInstructions += (ulong)region.Plan.InstructionCount;
    }

    private void Drop(Region region)
    {
        if (region.IsDropped && !_byBlock.Values.Any(list => list.Contains(region)))
        {
            return;
        }

        region.Drop(HotAgainAfter);
        foreach (RegionBlock block in region.Plan.Blocks)
        {
            if (_byBlock.TryGetValue((nint)block.Block, out List<Region>? list) && list.Remove(region) && list.Count == 0)
            {
                _byBlock.Remove((nint)block.Block);
            }
        }

        int number = _regions.IndexOf(region);
        if (number >= 0)
        {
            _regions[number] = null;
            _bytes -= region.Code!.Bytes;
            _counters.Dropped++;
            _graveyard.Add(region);
        }
    }
}
