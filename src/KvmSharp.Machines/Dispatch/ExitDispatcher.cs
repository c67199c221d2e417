using System.Runtime.CompilerServices;

namespace KvmSharp.Machines;

/// <summary>Routes port and MMIO exits to the devices on the two buses, in place, under the device lock.</summary>
/// <remarks>
/// The path of a single port access is optimised when it is first used: a guest makes its accesses in bursts, which are over before the
/// runtime would come to it. The same holds for what it calls.
/// </remarks>
/// <param name="gate">The machine's device lock.</param>
/// <param name="ports">The I/O ports.</param>
/// <param name="mmio">The memory-mapped devices.</param>
public sealed class ExitDispatcher(DeviceLock gate, PortBus ports, MmioBus mmio) : IExitHandler
{
    private readonly UnmappedLog _unmapped = new();
    private int _vcpu; // whose access the devices carry out; belongs to the lock

    /// <summary>Gets the I/O ports.</summary>
    internal PortBus Ports => ports;

    /// <summary>Gets the memory-mapped devices.</summary>
    internal MmioBus Mmio => mmio;

    /// <summary>Gets the counters of port accesses.</summary>
    public PortCounters Counters { get; } = new();

    /// <summary>Gets who is told of exits and of unmapped accesses.</summary>
    public MachineTrace? Trace { get; init; }

    /// <summary>Gets or sets a value indicating whether an access without a device is declined, so that <c>Run</c> returns it.</summary>
    public bool StopOnUnmapped { get; set; }

    /// <summary>Gets or sets a value indicating whether hypercalls are answered, each with KVM's "no such call" (-1000), instead of being declined.</summary>
    public bool AnswersHypercalls { get; set; }

    /// <summary>Gets or sets what is called behind an exit that has sent something, without the lock: a place to wait for a slow reader of the output.</summary>
    public Action? AfterOutput { get; set; }

    /// <summary>Gets or sets a value indicating whether the exit under way has sent something to the host. Under the device lock.</summary>
    public bool HasSent { get; set; }

    /// <summary>Gets the access that was declined because of <see cref="StopOnUnmapped"/>.</summary>
    public UnmappedAccess? StoppedAt { get; private set; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        if (vmExit.Reason != VmExitReason.Io || vmExit.Count != 1)
        {
            return TryHandleOther(vmExit, data);
        }

        bool sent;
        using (gate.Enter())
        {
            _vcpu = vmExit.VcpuId;
            Counters.Add(vmExit.Port);
            if (vmExit.Direction == ExitDirection.Read)
            {
                Write(data, ports.Read(vmExit.Port, vmExit.Width));
            }
            else
            {
                ports.Write(vmExit.Port, vmExit.Width, (uint)vmExit.Value);
            }

            sent = HasSent;
        }

        return (!sent && StoppedAt is null && Trace?.Wants(TraceKinds.Exits) != true) || Conclude(vmExit, data);
    }

    /// <summary>Connects the buses' reports of unmapped accesses to this dispatcher. Called once, when the board is built.</summary>
    public void ListenToBuses()
    {
        ports.Unmapped = ReportUnmapped;
        mmio.Unmapped = ReportUnmapped;
    }

    private static ulong Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            value |= (ulong)bytes[i] << (8 * i);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Span<byte> bytes, ulong value)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value >> (8 * i));
        }
    }

    private bool TryHandleOther(in VmExit vmExit, Span<byte> data)
    {
        switch (vmExit.Reason)
        {
            case VmExitReason.Io:
                HandleItems(vmExit, data);
                return Conclude(vmExit, data);
            case VmExitReason.Mmio:
                HandleMmio(vmExit, data);
                return Conclude(vmExit, data);
            default:
                Conclude(vmExit, data);
                return vmExit.Reason == VmExitReason.Hypercall && AnswersHypercalls; // as it is, it fails with -KVM_ENOSYS
        }
    }

    // What comes behind an access, without the lock. Tells whether the run goes on.
    private bool Conclude(in VmExit vmExit, Span<byte> data)
    {
        if (Trace is { } trace && trace.Wants(TraceKinds.Exits))
        {
            ExitTrace.Tell(trace, vmExit, data);
        }

        if (HasSent)
        {
            HasSent = false;
            AfterOutput?.Invoke();
        }

        return StoppedAt is null;
    }

    private void HandleItems(in VmExit vmExit, Span<byte> data)
    {
        int width = vmExit.Width;
        using (gate.Enter())
        {
            _vcpu = vmExit.VcpuId;
            Counters.Add(vmExit.Port);

            // String I/O brings several items for the same port in one exit.
            for (; data.Length >= width; data = data[width..])
            {
                Span<byte> item = data[..width];
                if (vmExit.Direction == ExitDirection.Read)
                {
                    Write(item, ports.Read(vmExit.Port, width));
                }
                else
                {
                    ports.Write(vmExit.Port, width, (uint)Read(item));
                }
            }
        }
    }

    private void HandleMmio(in VmExit vmExit, Span<byte> data)
    {
        using (gate.Enter())
        {
            _vcpu = vmExit.VcpuId;
            if (vmExit.Direction == ExitDirection.Read)
            {
                Write(data, mmio.Read(vmExit.Address, vmExit.Width));
            }
            else
            {
                mmio.Write(vmExit.Address, vmExit.Width, Read(data));
            }
        }
    }

    private void ReportUnmapped(UnmappedAccess access)
    {
        if (StopOnUnmapped)
        {
            StoppedAt ??= access;
        }

        if (_unmapped.IsNew(access) && Trace is { } trace)
        {
            ExitTrace.Tell(trace, _vcpu, access);
        }
    }
}
