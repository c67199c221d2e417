namespace KvmSharp.Lockstep;

/// <summary>A machine without a board as one side of a comparison: its first vCPU, and whatever its own exit handler answers.</summary>
/// <remarks>
/// Accesses that nobody answers are finished as they are: reads give what <see cref="VirtualCpu.ExitData"/> holds. HLT, a shutdown and an
/// internal error end it.
/// </remarks>
public sealed class BareMachineSide : ILockstepSide, IExitHandler
{
    private readonly VirtualMachine _machine;
    private readonly VirtualCpu _vcpu;
    private readonly IExitHandler? _inner;
    private readonly List<LockstepEvent> _events = [];

    /// <summary>Takes a machine over; it is disposed with this side.</summary>
    /// <param name="machine">The machine, with a vCPU and its <see cref="VirtualMachine.ExitHandler"/> in place, if it has one.</param>
    public BareMachineSide(VirtualMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        _machine = machine;
        _vcpu = machine.Vcpus[0];
        _inner = machine.ExitHandler;
        machine.ExitHandler = this;
    }

    /// <inheritdoc/>
    public IReadOnlyList<VirtualCpu> Vcpus => _machine.Vcpus;

    /// <inheritdoc/>
    public GuestMemory Memory => _machine.Memory;

    /// <inheritdoc/>
    public string? Ending { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<LockstepEvent> Events => _events;

    /// <inheritdoc/>
    public void Run(ulong instructions, CancellationToken cancellation)
    {
        ulong start = _vcpu.InstructionsRetired;
        ulong done = 0;
        while (done < instructions && Ending is null && !cancellation.IsCancellationRequested)
        {
            VmExit vmExit = _vcpu.Run(instructions - done, cancellation);
            done = _vcpu.InstructionsRetired - start;
            Ending = vmExit.Reason is VmExitReason.Intr or VmExitReason.Io or VmExitReason.Mmio or VmExitReason.Rdmsr or VmExitReason.Wrmsr or VmExitReason.Hypercall
                ? null
                : $"{vmExit.Reason} {vmExit.InternalError}";
        }
    }

    /// <inheritdoc/>
    public void ForgetEvents() => _events.Clear();

    /// <inheritdoc/>
    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        bool handled = _inner?.TryHandle(vmExit, data) ?? false;
        _events.Add(LockstepEvent.Of(_vcpu.InstructionsRetired, vmExit, data));
        return handled;
    }

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();
}
