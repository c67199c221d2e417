using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Routes port and MMIO exits to the devices on the two buses, in place, under the device lock.</summary>
/// <param name="gate">The machine's device lock.</param>
/// <param name="ports">The I/O ports.</param>
/// <param name="mmio">The memory-mapped devices.</param>
public sealed class ExitDispatcher(Lock gate, PortBus ports, MmioBus mmio) : IExitHandler
{
    private readonly UnmappedLog _unmapped = new();
    [ThreadStatic]
    private static int _vcpu; // whose exit this thread handles

    /// <summary>Gets the counters of port accesses.</summary>
    public PortCounters Counters { get; } = new();

    /// <summary>Gets who is told of exits and of unmapped accesses.</summary>
    public MachineTrace? Trace { get; init; }

    /// <summary>Gets or sets a value indicating whether an access without a device is declined, so that <c>Run</c> returns it.</summary>
    public bool StopOnUnmapped { get; set; }

    /// <summary>Gets or sets a value indicating whether hypercalls are answered, each with KVM's "no such call" (-1000), instead of being declined.</summary>
    public bool AnswersHypercalls { get; set; }

    /// <summary>Gets or sets what is called behind each exit, without the lock: a place to wait for a slow reader of the output.</summary>
    public Action? AfterExit { get; set; }

    /// <summary>Gets the access that was declined because of <see cref="StopOnUnmapped"/>.</summary>
    public UnmappedAccess? StoppedAt { get; private set; }

    /// <inheritdoc/>
    public bool TryHandle(in VmExit vmExit, Span<byte> data)
    {
        _vcpu = vmExit.VcpuId;
        bool handled = vmExit.Reason switch
        {
            VmExitReason.Io => HandlePort(vmExit, data),
            VmExitReason.Mmio => HandleMmio(vmExit, data),
            VmExitReason.Hypercall => AnswersHypercalls, // as they are, each fails with -KVM_ENOSYS
            _ => false,
        };

        if (Trace is { } trace && trace.Wants(TraceKinds.Exits))
        {
            ExitTrace.Tell(trace, vmExit, data);
        }

        AfterExit?.Invoke();
        return handled && StoppedAt is null;
    }

    /// <summary>Connects the buses' reports of unmapped accesses to this dispatcher. Called once, when the board is built.</summary>
    public void ListenToBuses()
    {
        ports.Unmapped = ReportUnmapped;
        mmio.Unmapped = ReportUnmapped;
    }

    private static ulong Read(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[sizeof(ulong)];
        whole.Clear();
        bytes.CopyTo(whole);
        return BinaryPrimitives.ReadUInt64LittleEndian(whole);
    }

    private static void Write(Span<byte> bytes, ulong value)
    {
        Span<byte> whole = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(whole, value);
        whole[..bytes.Length].CopyTo(bytes);
    }

    private bool HandlePort(in VmExit vmExit, Span<byte> data)
    {
        int width = vmExit.Width;
        lock (gate)
        {
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

        return true;
    }

    private bool HandleMmio(in VmExit vmExit, Span<byte> data)
    {
        lock (gate)
        {
            if (vmExit.Direction == ExitDirection.Read)
            {
                Write(data, mmio.Read(vmExit.Address, vmExit.Width));
            }
            else
            {
                mmio.Write(vmExit.Address, vmExit.Width, Read(data));
            }
        }

        return true;
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
