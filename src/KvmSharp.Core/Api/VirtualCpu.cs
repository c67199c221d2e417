using KvmSharp.Cpu;
using KvmSharp.Debugging;
using KvmSharp.Engine;

namespace KvmSharp;

/// <summary>One virtual processor. Mirrors the vCPU file descriptor of KVM and its <c>kvm_run</c> page.</summary>
/// <remarks>
/// <see cref="Run"/> and the registers belong to one thread at a time. <see cref="Kick"/>, <see cref="ImmediateExit"/> and the pins of
/// the machine may be used from any thread.
/// </remarks>
public sealed unsafe partial class VirtualCpu
{
    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private Thread? _runner;
    private bool _closed;
    private bool _hasRun;

    internal VirtualCpu(VirtualMachine vm, VcpuEngine engine)
    {
        _vm = vm;
        _engine = engine;
        Statistics = new VcpuStatistics(engine);
    }

    /// <summary>Gets the number given at creation.</summary>
    public int Id => _engine.Id;

    /// <summary>Gets the counters of this vCPU.</summary>
    public VcpuStatistics Statistics { get; }

    /// <summary>Gets the instructions retired since creation: REP iterations and delivered events count one each. Exact also inside an exit handler.</summary>
    public ulong InstructionsRetired => _engine.RetiredNow;

    /// <summary>Gets a value indicating whether an exit left an instruction unfinished.</summary>
    public bool HasPendingExit => _engine.Devices.IsUnfinished;

    /// <summary>Gets the data of the last exit: <see cref="VmExit.Width"/> times <see cref="VmExit.Count"/> bytes. For a read, fill it before the next run.</summary>
    /// <remarks>For <see cref="VmExitReason.InternalError"/> it holds the instruction's bytes, as far as there are any.</remarks>
    public Span<byte> ExitData => _engine.Devices.ExitData;

    /// <summary>Gets or sets a value indicating whether <see cref="Run"/> ends at once, after finishing a pending exit. Stays until cleared. kvm_run.immediate_exit.</summary>
    public bool ImmediateExit
    {
        get => _engine.Requests.ImmediateExit;
        set => _engine.Requests.ImmediateExit = value;
    }

    /// <summary>Gets or sets a value indicating whether <see cref="Run"/> returns as soon as an interrupt could be injected. kvm_run.request_interrupt_window.</summary>
    public bool RequestInterruptWindow
    {
        get => _engine.WantsInterruptWindow;
        set
        {
            _engine.WantsInterruptWindow = value;
            _engine.Requests.Raise(PendingWork.InterruptWindow);
        }
    }

    /// <summary>Gets a value indicating whether an interrupt injected now would be taken before the next instruction. kvm_run.ready_for_interrupt_injection.</summary>
    public bool ReadyForInterruptInjection => !HasPendingExit && !HasHeldIntercept && new EventIntake(_engine, _vm).CanTakeInterrupt;

    /// <summary>Gets or sets what the vCPU is doing. KVM_GET_MP_STATE, KVM_SET_MP_STATE.</summary>
    public MpState MpState
    {
        get => State.Events.MpState;
        set
        {
            RequireSettled();
            State.Events.MpState = value;
        }
    }

    /// <summary>Gets or sets what CPUID answers, and with it which instructions and control bits there are. KVM_GET_CPUID2, KVM_SET_CPUID2.</summary>
    /// <remarks>
    /// <see cref="CpuModel.Max"/> until set. Features that the core does not have are told as the table says, but are not there. RESET
    /// leaves the signature in EDX: call <see cref="Reset"/> when the guest shall see the new one.
    /// </remarks>
    /// <exception cref="KvmException">The vCPU has run already (EINVAL), or runs (EBUSY).</exception>
    public CpuidTable Cpuid
    {
        get => _engine.Cpuid;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            RequireSettled();
            if (_hasRun)
            {
                throw KvmException.Invalid($"vCPU {Id} has run: CPUID is set before the first run");
            }

            _engine.Cpuid = value;
        }
    }

    internal VcpuEngine Engine => _engine;

    private ref CpuState State => ref _engine.Cpu->State;

    /// <summary>Gives all architectural state in place, for those who compare it whole.</summary>
    /// <returns>The state; half done while <see cref="HasPendingExit"/>.</returns>
    internal ref readonly CpuState LookAtState() => ref State;

    /// <summary>Gets a value indicating whether the calling thread is the one that runs this vCPU.</summary>
    internal bool IsRunHere => Volatile.Read(ref _runner) == Thread.CurrentThread;

    /// <summary>Runs the guest until an exit. KVM_RUN.</summary>
    /// <param name="maxInstructions">The most instructions to retire; the run then ends exactly there with <see cref="InterruptCause.Budget"/>.</param>
    /// <param name="cancellation">Ends the run with <see cref="InterruptCause.Cancellation"/>.</param>
    /// <returns>The exit.</returns>
    /// <exception cref="KvmException">Another thread runs this vCPU (EBUSY), or it waits for a start-up IPI and there are no local APICs to bring one (EINVAL).</exception>
    public VmExit Run(ulong maxInstructions = ulong.MaxValue, CancellationToken cancellation = default)
    {
        Enter();
        try
        {
            if (_engine.Apic is null && State.Events.MpState is MpState.Uninitialized or MpState.InitReceived)
            {
                throw KvmException.Invalid($"vCPU {Id} waits for a start-up IPI");
            }

            _hasRun = true;
            _engine.Requests.Cancellation = cancellation;
            ulong limit = _vm.Watch?.OnRunning(_vm, this, maxInstructions) ?? maxInstructions;
            VmExit exit = RunEngine(_engine, limit, cancellation);
            _vm.Watch?.OnExit(_vm, this, exit);
            return exit;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Finishes the instruction that the last exit left unfinished, without running on: KVM_RUN with immediate_exit set.</summary>
    /// <returns><see langword="false"/> when finishing it met another exit, which <see cref="ExitData"/> now belongs to: see <see cref="PendingExit"/>.</returns>
    public bool CompletePendingExit()
    {
        Enter();
        try
        {
            if (!HasPendingExit)
            {
                return true;
            }

            _vm.Watch?.OnRunning(_vm, this, maxInstructions: 1);
            bool finished = _engine.Loop.CompletePending();
            if (!finished)
            {
                _vm.Watch?.OnExit(_vm, this, _engine.Devices.Exit);
            }

            return finished;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gets the exit that waits for its answer.</summary>
    /// <exception cref="KvmException">None waits (EINVAL).</exception>
    public VmExit PendingExit => HasPendingExit ? _engine.Devices.Exit : throw KvmException.Invalid("no exit is pending");

    /// <summary>Makes the present or the next <see cref="Run"/> end with <see cref="InterruptCause.Kick"/>. Never lost. Any thread.</summary>
    public void Kick() => _engine.Requests.Kick();

    /// <summary>Injects an external interrupt, taken as soon as IF and the shadows allow. KVM_INTERRUPT.</summary>
    /// <param name="vector">The vector.</param>
    /// <exception cref="KvmException">One waits already (EEXIST), or an interrupt chip is attached, whose part this is (EINVAL).</exception>
    public void Interrupt(byte vector)
    {
        if (_vm.InterruptController is not null)
        {
            throw KvmException.Invalid("an interrupt controller is attached: drive its lines instead");
        }

        if (State.Events.InjectedInterrupt != EventState.NoInterrupt)
        {
            throw new KvmException(Errno.Exists, "an injected interrupt waits already");
        }

        State.Events.InjectedInterrupt = vector;
        _engine.Requests.Raise(PendingWork.Interrupt);
    }

    /// <summary>Queues an NMI. KVM_NMI. Any thread.</summary>
    public void InjectNmi() => _engine.Requests.Raise(PendingWork.Nmi);

    /// <summary>Gives the vCPU its power-on state: CS:IP at F000:FFF0 with base FFFF0000h. An unfinished exit is dropped.</summary>
    /// <remarks>With local APICs all but the first vCPU then wait for INIT and a start-up IPI.</remarks>
    public void Reset()
    {
        Enter();
        try
        {
            PowerOn.Reset(_engine);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gets what a debugger outside the guest asked for; null when nothing.</summary>
    public GuestDebugOptions? GuestDebug => _engine.Debugger.Options;

    /// <summary>Gets which of <see cref="GuestDebugOptions.Ranges"/> the last <see cref="VmExitReason.Debug"/> exit was for; null when it was for something else.</summary>
    public WatchedRange? GuestDebugHit => _engine.Debugger.Hit;

    /// <summary>Asks for <see cref="VmExitReason.Debug"/> exits, or for none any more. KVM_SET_GUEST_DEBUG.</summary>
    /// <param name="options">What to stop at; <see langword="null"/> for nothing.</param>
    /// <exception cref="KvmException">More than four hardware breakpoints, or one or a range whose length or address does not fit its kind (EINVAL); the vCPU runs or has an unfinished exit (EBUSY).</exception>
    public void SetGuestDebug(GuestDebugOptions? options)
    {
        RequireSettled();
        BreakpointRules.Check(options?.HardwareBreakpoints ?? []);
        BreakpointRules.Check(options?.Ranges ?? []);
        _engine.Debugger.Set(options);
    }

    internal void Close()
    {
        if (_runner == Thread.CurrentThread)
        {
            throw KvmException.Busy("a machine cannot be disposed from its own exit handler");
        }

        _closed = true;
        Kick();
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref _runner, Thread.CurrentThread, null) is not null)
        {
            spin.SpinOnce(); // kept for ever then: no further run
        }
    }

    private static VmExit RunEngine(VcpuEngine engine, ulong limit, CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled)
        {
            return engine.Loop.Run(limit);
        }

        using (cancellation.UnsafeRegister(static r => ((Requests)r!).Raise(PendingWork.Leave), engine.Requests))
        {
            return engine.Loop.Run(limit);
        }
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (Interlocked.CompareExchange(ref _runner, Thread.CurrentThread, null) is not null)
        {
            throw KvmException.Busy($"vCPU {Id} is running already");
        }
    }

    private void Leave() => Volatile.Write(ref _runner, null);

    /// <summary>Requires that the vCPU stands between two instructions and nobody is about to change that, not even a handler of its own exit.</summary>
    internal void RequireStopped()
    {
        RequireSettled();
        if (_runner is not null)
        {
            throw KvmException.Busy($"vCPU {Id} is running");
        }
    }

    private void RequireSettled()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_runner is not null && (_runner != Thread.CurrentThread || !_engine.Loop.IsOffering))
        {
            throw KvmException.Busy($"vCPU {Id} is running");
        }

        if (HasPendingExit)
        {
            throw KvmException.Busy($"vCPU {Id} has an unfinished access: call CompletePendingExit first");
        }
    }
}
