using KvmSharp.Apic;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Watching;

namespace KvmSharp;

/// <summary>One virtual machine: memory slots, vCPUs, and what is attached to them. Mirrors the VM file descriptor of KVM.</summary>
/// <remarks>
/// Memory and requests may be used from any thread, also while vCPUs run. Handler, clock and controller are set before the first run.
/// </remarks>
public sealed unsafe partial class VirtualMachine : IDisposable
{
    /// <summary>Slots that one machine may have, numbered from 0. KVM_CAP_NR_MEMSLOTS.</summary>
    public const int MaxMemorySlots = 509;

    /// <summary>VCPUs that one machine may have. KVM_CAP_MAX_VCPUS.</summary>
    public const int MaxVcpus = 64;

    /// <summary>One past the highest guest-physical address: 40 bits, as CPUID leaf 80000008h says.</summary>
    public const ulong AddressSpaceEnd = Paging.PhysicalAddress.End;

    private const ulong A20 = 1UL << 20;

    private readonly Lock _gate = new();
    private volatile VirtualCpu[] _vcpus = [];
    private VcpuEngine[] _engines = [];
    private bool _disposed;
    private bool _ignoresNumericErrors;

    internal VirtualMachine()
    {
        Memory = new GuestMemory(
            (physical, length) => CodeWritten(physical, length, writer: null),
            (slot, physical) => MakePrivate(slot, physical, writer: null));
        Exclusive = new ExclusiveSection(() => Volatile.Read(ref _engines));
        Clock = new InstructionClock();
        ApicBus = new ApicBus(() => Volatile.Read(ref _engines));
        IdleWatch = new IdleWatch(() => Volatile.Read(ref _engines));
        InterruptLine = new Wire(OnInterrupt);
        NmiLine = new Wire(OnNmi);
        A20Gate = new Wire(SetA20);
        IgnoreFloatingPointErrorLine = new Wire(asserted => Volatile.Write(ref _ignoresNumericErrors, asserted));
    }

    /// <summary>Gets the guest-physical memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Gets the vCPUs in the order of their creation.</summary>
    public IReadOnlyList<VirtualCpu> Vcpus => _vcpus;

    /// <summary>Gets or sets the handler that is offered each exit before <c>Run</c> returns it.</summary>
    public IExitHandler? ExitHandler
    {
        get;
        set
        {
            field = value;
            OfferedHandler = Watch is { } watch && value is not null ? new WatchedExitHandler(watch, this, value) : value;
        }
    }

    /// <summary>Gets or sets the interrupt chip. With one, HLT waits inside <c>Run</c>. KVM_CREATE_IRQCHIP.</summary>
    public IInterruptController? InterruptController { get; set; }

    /// <summary>Gets or sets a value indicating whether each vCPU has a local APIC, which the core models. KVM_CAP_SPLIT_IRQCHIP.</summary>
    /// <remarks>
    /// Then all but the first vCPU wait inside <c>Run</c> for INIT and a start-up IPI, HLT waits, and <see cref="InterruptController"/>, the
    /// 8259 if there is one, sits behind LINT0 of the first vCPU. An IO-APIC is a device of the board that sends <see cref="MessageInterrupts"/>.
    /// </remarks>
    /// <exception cref="KvmException">There are vCPUs already (EINVAL).</exception>
    public bool LocalApics
    {
        get;
        set
        {
            if (_engines.Length != 0)
            {
                throw KvmException.Invalid("local APICs are chosen before the first vCPU is made");
            }

            field = value;
        }
    }

    /// <summary>Gets or sets what carries out the code of vCPUs that are made from now on.</summary>
    public EngineKind Engine { get; set; }

    /// <summary>Gets or sets the most memory in bytes that translated code of each vCPU may take, about; when it is full, the regions are dropped and hot ones made anew.</summary>
    public long TranslatedCodeLimit { get; set; } = 64L << 20;

    /// <summary>Gets where devices send interrupts that are messages; without local APICs they are lost. KVM_SIGNAL_MSI. Any thread.</summary>
    public IMessageInterrupts MessageInterrupts => ApicBus;

    /// <summary>Gets or sets who is told that a level-triggered vector has been served (EOI): the IO-APICs. KVM_EXIT_IOAPIC_EOI.</summary>
    /// <remarks>Called on the vCPU's thread while it counts as stopped, so that a board may take its device lock.</remarks>
    public Action<byte>? EndOfInterrupt { get; set; }

    /// <summary>Gets or sets which MSRs guests may access; <see langword="null"/>, as after creation, allows all. KVM_X86_SET_MSR_FILTER.</summary>
    /// <remarks>May be changed between runs.</remarks>
    public MsrFilter? MsrFilter { get; set; }

    /// <summary>Gets or sets for which refused MSR accesses the embedder is asked; the others raise #GP(0). KVM_CAP_X86_USER_SPACE_MSR.</summary>
    /// <remarks>
    /// The exit is finished like other accesses: fill <see cref="VirtualCpu.ExitData"/> after RDMSR, set <see cref="VirtualCpu.MsrError"/> to
    /// make either fail. The processor's own register is not touched.
    /// </remarks>
    public MsrExitReason UserSpaceMsrs { get; set; }

    /// <summary>Gets or sets a value indicating whether VMCALL and VMMCALL make a <see cref="VmExitReason.Hypercall"/> exit; else they are #UD.</summary>
    /// <remarks>KVM answers most calls itself and hands on those chosen by KVM_CAP_EXIT_HYPERCALL; here the embedder gets all.</remarks>
    public bool HypercallExits { get; set; }

    /// <summary>Gets or sets who is told of delivered exceptions and interrupts.</summary>
    public IEventObserver? EventObserver { get; set; }

    /// <summary>Gets the INTR pin of the first vCPU, which the interrupt chip drives; LINT0 of its local APIC. Any thread.</summary>
    public ISignal InterruptLine { get; }

    /// <summary>Gets the NMI pin of the first vCPU, LINT1 of its local APIC; a rising edge is one NMI. Any thread.</summary>
    public ISignal NmiLine { get; }

    /// <summary>Gets or sets where the FERR pin leads: to line 13 of the interrupt chip on a PC. Null when it is not connected.</summary>
    /// <remarks>
    /// Asserted while CR0.NE is 0 and a waiting x87 instruction meets an unmasked exception; released when that is cleared. The vCPU then
    /// waits before the instruction for an interrupt, as if halted. Driven on the vCPU's thread.
    /// </remarks>
    public ISignal? FloatingPointErrorLine { get; set; }

    /// <summary>Gets the IGNNE pin: while asserted, and CR0.NE is 0, x87 instructions ignore unmasked exceptions. Any thread.</summary>
    /// <remarks>A PC asserts it by a write to port F0h and releases it when FERR is released.</remarks>
    public ISignal IgnoreFloatingPointErrorLine { get; }

    /// <summary>Gets the A20 gate: asserted, as after creation, lets address bit 20 pass; else it reads 0. Any thread.</summary>
    public ISignal A20Gate { get; }

    /// <summary>Gets or sets the time that RDTSC and devices follow: an <see cref="InstructionClock"/> unless something else is set before the first run.</summary>
    public IVirtualClock Clock
    {
        get;
        set
        {
            field = value;
            InstructionClock = value as InstructionClock;
            if (BootEngine is { } engine)
            {
                InstructionClock?.Attach(engine);
            }
        }
    }

    internal InstructionClock? InstructionClock { get; private set; }

    /// <summary>Gets who sees what the embedder does; null for nobody.</summary>
    internal IEmbedderWatch? Watch { get; init; }

    /// <summary>Gets whom the engine offers exits: the exit handler, with the watch behind it if there is one.</summary>
    internal IExitHandler? OfferedHandler { get; private set; }

    internal ulong AddressMask { get; private set; } = ulong.MaxValue;

    internal bool IgnoresNumericErrors => Volatile.Read(ref _ignoresNumericErrors);

    internal BusLock BusLock { get; } = new();

    internal ApicBus ApicBus { get; }

    internal IdleWatch IdleWatch { get; }

    internal ExclusiveSection Exclusive { get; }

    private VcpuEngine? BootEngine => Volatile.Read(ref _engines) is [var first, ..] ? first : null;

    /// <summary>Makes a vCPU in its power-on state. KVM_CREATE_VCPU.</summary>
    /// <param name="id">Its number, unique in the machine.</param>
    /// <returns>The vCPU.</returns>
    /// <exception cref="KvmException">The id is taken (EEXIST) or out of range (EINVAL).</exception>
    public VirtualCpu CreateVcpu(int id)
    {
        if (id is < 0 or >= MaxVcpus)
        {
            throw KvmException.Invalid($"vCPU ids are 0 to {MaxVcpus - 1}, not {id}");
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_vcpus.Any(v => v.Id == id))
            {
                throw new KvmException(Errno.Exists, $"vCPU {id} exists already");
            }

            var engine = new VcpuEngine(this, id, isBoot: _engines.Length == 0);
            if (LocalApics)
            {
                engine.Cpuid = engine.Cpuid.WithProcessor(id, 1);
            }

            var vcpu = new VirtualCpu(this, engine);
            Volatile.Write(ref _engines, [.. _engines, engine]);
            _vcpus = [.. _vcpus, vcpu];
            InstructionClock?.Attach(engine);
            Watch?.OnVcpu(this, vcpu);
            return vcpu;
        }
    }

    /// <summary>Makes a <c>Run</c> return a system event behind the instruction under way. Any thread.</summary>
    /// <param name="type">Power-off, reset or crash.</param>
    /// <remarks>It is the <c>Run</c> of the vCPU that the calling thread runs, for a device that its guest has just asked; else the first vCPU's.</remarks>
    public void RaiseSystemEvent(SystemEventType type)
    {
        VcpuEngine? asking = Array.Find(_vcpus, static vcpu => vcpu.IsRunHere)?.Engine;
        (asking ?? BootEngine)?.Requests.RaiseSystemEvent(type);
    }

    /// <summary>Stops every vCPU and gives the memory back. Not from inside an exit handler.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach (VirtualCpu vcpu in _vcpus)
            {
                vcpu.Close();
            }

            foreach (VcpuEngine engine in _engines)
            {
                engine.Dispose();
            }

            Memory.DisposeAll();
        }
    }

    private void SetA20(bool asserted)
    {
        ulong mask = asserted ? ulong.MaxValue : ~A20;
        if (mask != AddressMask)
        {
            AddressMask = mask;
            FlushAll(self: null);
        }
    }

    private void OnInterrupt(bool asserted)
    {
        if (BootEngine is not { } boot)
        {
            return;
        }

        if (boot.Apic is { } apic)
        {
            apic.Inputs.DriveLint0(asserted);
        }
        else
        {
            boot.Requests.DriveInterruptLine(asserted);
        }
    }

    private void OnNmi(bool asserted)
    {
        if (BootEngine?.Apic is { } apic)
        {
            apic.Inputs.DriveLint1(asserted);
        }
        else if (asserted)
        {
            BootEngine?.Requests.Raise(PendingWork.Nmi);
        }
    }

    private sealed class Wire(Action<bool> drive) : ISignal
    {
        public void Drive(bool asserted) => drive(asserted);
    }
}
