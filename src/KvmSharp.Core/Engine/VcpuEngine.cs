using System.Runtime.InteropServices;
using KvmSharp.Apic;
using KvmSharp.Cpu;
using KvmSharp.Cpuid;
using KvmSharp.Debugging;
using KvmSharp.Intercepts;
using KvmSharp.Memory;
using KvmSharp.Observing;

namespace KvmSharp.Engine;

/// <summary>What carries one vCPU: its native context and the parts that work on it. Owns their lifetimes and little else.</summary>
internal sealed unsafe class VcpuEngine : IDisposable
{
    private readonly GCHandle _handle;
    private readonly HostMemory _context;
    private readonly HostMemory _tlbs;
    private readonly HostMemory _jumpCache;
    private readonly VirtualMachine _vm;
    private ShadowPagingExits _lastShadowPaging;

    public VcpuEngine(VirtualMachine vm, int id, bool isBoot)
    {
        _vm = vm;
        Id = id;
        IsBoot = isBoot;
        _context = new HostMemory((ulong)sizeof(CpuContext));
        _tlbs = new HostMemory(4UL * Tlb.Entries * (ulong)sizeof(TlbEntry));
        _jumpCache = new HostMemory((ulong)(JumpCache.Entries * sizeof(JumpCacheEntry)));
        _handle = GCHandle.Alloc(this, GCHandleType.Weak); // weak: a forgotten machine can be collected
        Cpu = (CpuContext*)_context.Pointer;
        Cpu->EngineHandle = GCHandle.ToIntPtr(_handle);
        Cpu->SupervisorTlb = (TlbEntry*)_tlbs.Pointer;
        Cpu->UserTlb = Cpu->SupervisorTlb + Tlb.Entries;
        Cpu->OpenTlb = Cpu->UserTlb + Tlb.Entries;
        Cpu->EmptyTlb = Cpu->OpenTlb + Tlb.Entries;
        Tlb.Flush(Cpu->OpenTlb, keepGlobal: false);
        Tlb.Flush(Cpu->EmptyTlb, keepGlobal: false);
        Cpu->JumpCache = (JumpCacheEntry*)_jumpCache.Pointer;
        Cpu->UserGeneration = Cpu->SupervisorGeneration = CodeCache.FirstGeneration;
        Requests = new Requests(this);
        Devices = new DeviceAccess(this, vm);
        Intercepts = new InterceptGate(this);
        Mmu = new Mmu(this, vm, Devices);
        Translator = vm.Engine != EngineKind.Interpreter && Regions.Translator.IsSupported
            ? new Regions.Translator(this, vm, synchronous: vm.Engine == EngineKind.Translator)
            : null;
        Code = new CodeCache(this, vm);
        Mode = new ModeTracker(Cpu);
        Breakpoints = new BreakpointUnit(this);
        Debugger = new GuestDebugger(this);
        NumericErrors = new NumericErrorPins(this, vm);
        Loop = new RunLoop(this, vm);
        Mmu.Flush(keepGlobal: false);
        Apic = vm.LocalApics ? new LocalApic(this, vm) : null;
        PowerOn.Reset(this);
    }

    public int Id { get; }

    /// <summary>Gets a value indicating whether this is the machine's first vCPU, which starts by itself.</summary>
    public bool IsBoot { get; }

    /// <summary>Gets the local APIC, if the machine has them.</summary>
    public LocalApic? Apic { get; }

    /// <summary>Gets or sets a value indicating whether the vCPU waits for what only another vCPU can send. Belongs to <see cref="IdleWatch"/>.</summary>
    public bool IsStuck
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Gets or sets a value indicating whether the vCPUs share one thread: a halt ends the turn instead of waiting.</summary>
    public bool TakesTurns { get; set; }

    public CpuContext* Cpu { get; }

    public Requests Requests { get; }

    public DeviceAccess Devices { get; }

    public Mmu Mmu { get; }

    public CodeCache Code { get; }

    public ModeTracker Mode { get; }

    public NumericErrorPins NumericErrors { get; }

    public RunLoop Loop { get; }

    public InterceptGate Intercepts { get; }

    /// <summary>Gets what counts the exits of shadow paging, or null when nobody asked for it.</summary>
    public ShadowPagingCounter? ShadowPaging { get; private set; }

    /// <summary>Gets what has been counted, also when counting has ended.</summary>
    public ShadowPagingExits ShadowPagingExits => ShadowPaging?.Exits ?? _lastShadowPaging;

    /// <summary>Gets the machine.</summary>
    public VirtualMachine Machine => _vm;

    public BreakpointUnit Breakpoints { get; }

    public GuestDebugger Debugger { get; }

    public bool WantsInterruptWindow { get; set; }

    /// <summary>Gets or sets what CPUID answers on this vCPU.</summary>
    /// <remarks>To be set before the vCPU runs: code that is decoded already keeps what it was decoded for.</remarks>
    public CpuidTable Cpuid
    {
        get;
        set
        {
            field = value;
            Features = new CpuFeatures(value);
        }
    } = CpuModel.Max.Cpuid;

    /// <summary>Gets the instructions, control bits and registers that <see cref="Cpuid"/> offers.</summary>
    public CpuFeatures Features { get; private set; } = new(CpuModel.Max.Cpuid);

    public VcpuCounters Statistics { get; } = new();

    public Regions.TranslatorCounters TranslatorCounters { get; } = new();

    /// <summary>Gets what translates hot code, or null when the interpreter is alone.</summary>
    public Regions.Translator? Translator { get; }

    public ulong TranslatedInstructions => Cpu->TranslatedInstructions;

    public ulong SideExitsFor(SideExitReason reason) => Cpu->SideExits[(int)reason];

    /// <summary>Gets the instructions retired before the one under way, exact also in the middle of a block.</summary>
    public ulong RetiredNow => Loop.IsInChain
        ? Cpu->RetiredAtEnd - (ulong)(Cpu->Remaining + Cpu->CurrentOp->Left)
        : Cpu->RetiredAtEnd - (ulong)Cpu->Remaining;

    /// <summary>Gets the instruction under way, exact also in the middle of a block.</summary>
    public VcpuPosition Position
    {
        get
        {
            ulong rip = Loop.IsInChain ? (Cpu->State.Rip + Cpu->CurrentOp->Offset) & Cpu->LinearMask : Cpu->State.Rip;
            return new VcpuPosition(RetiredNow, Cpu->State.Segments[(int)SegmentIndex.Cs].Selector, rip);
        }
    }

    /// <summary>Gets how often instructions were executed, as far as that was counted.</summary>
    public ExecutionCounts ExecutionCounts { get; } = new();

    public bool TryReadSlow(ulong linear, int size, byte* destination, DataAccess access)
    {
        if (!Mmu.TryRead(linear, size, destination, access))
        {
            return false;
        }

        Watch(linear, size, access);
        return true;
    }

    public bool TryWriteSlow(ulong linear, int size, byte* source, DataAccess access)
    {
        if (!Mmu.TryWrite(linear, size, source, access))
        {
            return false;
        }

        Watch(linear, size, access);
        return true;
    }

    /// <summary>Finds host memory for an atomic operation, which counts as done then: it cannot fail any more.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes, within a page.</param>
    /// <param name="host">The host address, or null when the page is not plain RAM: use the slow path.</param>
    /// <param name="watched">The guest-physical address when a write must be told to the MMU, else null.</param>
    /// <returns><see langword="false"/> when it raised a fault.</returns>
    public bool TryGetHost(ulong linear, int size, out byte* host, out ulong? watched)
    {
        if (!Mmu.TryGetHost(linear, size, DataAccess.Write, out host, out watched))
        {
            return false;
        }

        if (host is not null)
        {
            Watch(linear, size, DataAccess.Write);
        }

        return true;
    }

    public bool TryProbe(ulong linear, int size, DataAccess access) => Mmu.TryProbe(linear, size, access);

    /// <summary>Derives mode, privilege, segment views and the present TLB anew after segments, CR0, CR4 or EFLAGS.VM changed.</summary>
    public void UpdateMode()
    {
        Mode.Update();
    }

    /// <summary>Forgets translations: CR3 load (global pages stay), or a change of CR0, CR4.</summary>
    /// <param name="keepGlobal">Whether global pages stay.</param>
    public void FlushTlb(bool keepGlobal) => Mmu.Flush(keepGlobal);

    /// <summary>Begins or ends counting the exits of shadow paging. Translations are walked anew, so that page tables are found.</summary>
    /// <param name="on">Whether to count.</param>
    public void CountShadowPaging(bool on)
    {
        _lastShadowPaging = ShadowPagingExits;
        ShadowPaging = on ? new ShadowPagingCounter() : null;
        Intercepts.Refresh();
        Mmu.Flush(keepGlobal: false);
    }

    /// <summary>INVLPG.</summary>
    /// <param name="linear">Any address in the page.</param>
    public void FlushPage(ulong linear)
    {
        ShadowPaging?.CountInvlpg();
        Mmu.FlushPage(linear);
    }

    /// <summary>Gets the time-stamp counter at the instruction under way: one tick a nanosecond of virtual time.</summary>
    /// <returns>The counter.</returns>
    public ulong ReadTsc() => Cpu->State.TscOffset + (ulong)_vm.Clock.Now;

    /// <summary>Calls the embedder's handler; meanwhile this vCPU counts as stopped for shoot-downs, and afterwards it looks at requests.</summary>
    /// <param name="handler">The handler.</param>
    /// <param name="vmExit">The exit.</param>
    /// <param name="data">Its data.</param>
    /// <returns>Whether it was handled.</returns>
    public bool CallHandler(IExitHandler handler, in VmExit vmExit, Span<byte> data)
    {
        Requests.LeaveGuest();
        bool handled = handler.TryHandle(vmExit, data);
        Requests.EnterGuest();
        if (handled && Cpu->Pending != 0)
        {
            Loop.BreakAfterCurrent();
        }

        return handled;
    }

    private void Watch(ulong linear, int size, DataAccess access)
    {
        if (Breakpoints.HasData && (access & DataAccess.System) == 0)
        {
            Breakpoints.OnData(linear, size, (access & DataAccess.Write) != 0);
        }
    }

    /// <summary>The guest jumped to where there is no RAM: that cannot be emulated.</summary>
    public void CannotFetch() => Loop.StopUnsupported(default);

    /// <summary>Takes the bus lock. Its owner may wait in a device for this vCPU to stop, so this vCPU waits out of the guest.</summary>
    public void EnterBusLock()
    {
        if (!_vm.BusLock.TryEnter())
        {
            Requests.LeaveGuest();
            _vm.BusLock.Enter();
            Requests.EnterGuest();
        }
    }

    public void ExitBusLock() => _vm.BusLock.Exit();

    /// <inheritdoc/>
    public void Dispose()
    {
        Code.Dispose();
        ExecutionCounts.Dispose();
        _jumpCache.Dispose();
        _tlbs.Dispose();

        // The context stays until the collector finds it: a late kick, pin or look at a register must not reach freed memory.
        if (_handle.IsAllocated)
        {
            _handle.Free();
        }
    }
}
