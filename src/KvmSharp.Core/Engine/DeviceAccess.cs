using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>Port, MMIO and MSR accesses of one vCPU: in place when the exit handler takes them, else through the embedder.</summary>
/// <remarks>
/// An instruction that meets an access which the embedder must answer stops unfinished and runs again from its start later. So that
/// nothing happens twice, the accesses that it has finished are kept in order: on the new run reads come from the list and writes
/// are skipped. The list belongs to one instruction, known by the count of instructions retired before it.
/// </remarks>
internal sealed unsafe class DeviceAccess
{
    /// <summary>The most that one exit carries: string I/O packs up to a page.</summary>
    public const int MaxData = GuestPage.Size;

    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly List<(int Start, int Length)> _finished = new(64);
    private readonly byte[] _exitData = new byte[MaxData];
    private byte[] _bytes = new byte[2 * MaxData];
    private int _used;
    private int _replayed;
    private ulong _owner = ulong.MaxValue;

    public DeviceAccess(VcpuEngine engine, VirtualMachine vm)
    {
        _engine = engine;
        _vm = vm;
    }

    /// <summary>Gets a value indicating whether an exit waits for its answer, so that an instruction is unfinished.</summary>
    public bool IsUnfinished { get; private set; }

    /// <summary>Gets the exit that waits, or the last one.</summary>
    public VmExit Exit { get; private set; }

    /// <summary>Gets the data of the last exit.</summary>
    public Span<byte> ExitData => _exitData.AsSpan(0, ExitLength);

    /// <summary>Gets or sets how many bytes of data the last exit has.</summary>
    public int ExitLength { get; set; }

    public Span<byte> ExitBuffer => _exitData;

    /// <summary>Gets or sets a value indicating whether the embedder lets the MSR access under way fail.</summary>
    public bool Error { get; set; }

    /// <summary>Gets how many bytes the next access had if the instruction under way has made it before, else 0.</summary>
    public int NextFinishedLength => _owner == _engine.RetiredNow && _replayed < _finished.Count ? _finished[_replayed].Length : 0;

    public bool TryMmio(ExitDirection direction, ulong physical, Span<byte> data) =>
        TryAccess(VmExit.Mmio(_engine.Id, direction, physical, data.Length, direction == ExitDirection.Write ? ValueOf(data) : 0), data);

    public bool TryPort(ExitDirection direction, ushort port, int width, int count, Span<byte> data)
    {
        if (!TryAccess(VmExit.Io(_engine.Id, direction, port, width, count, direction == ExitDirection.Write && count == 1 ? ValueOf(data) : 0), data))
        {
            return false;
        }

        if (_engine.Breakpoints.HasPorts)
        {
            _engine.Breakpoints.OnPort(port, width);
        }

        return true;
    }

    /// <summary>Offers the access of IN or OUT: the only one of its instruction, and the last thing that can stop it.</summary>
    /// <param name="direction">Which of the two.</param>
    /// <param name="port">The port.</param>
    /// <param name="item">What is written, or the place for the answer.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <returns>Whether it is done.</returns>
    /// <remarks>When the handler takes it at once the instruction is through, so nothing is kept for another run of it.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryPort(ExitDirection direction, ushort port, void* item, int width)
    {
        var data = new Span<byte>(item, width);
        IExitHandler? handler = _vm.OfferedHandler;
        if (handler is null || _engine.Breakpoints.HasPorts || (_finished.Count != 0 && _owner == _engine.RetiredNow))
        {
            return TryPort(direction, port, width, 1, data);
        }

        ulong value = direction == ExitDirection.Read ? 0
            : width == sizeof(byte) ? *(byte*)item
            : width == sizeof(ushort) ? *(ushort*)item
            : *(uint*)item;
        VmExit exit = VmExit.Io(_engine.Id, direction, port, width, 1, value);
        _engine.Statistics.Count(VmExitReason.Io);
        if (_engine.CallHandler(handler, exit, data))
        {
            return true;
        }

        Forget();
        _owner = _engine.RetiredNow;
        Stop(exit, data);
        return false;
    }

    /// <summary>Offers an MSR access. When it is done, <see cref="TakeError"/> tells whether it failed.</summary>
    /// <param name="exit">The exit.</param>
    /// <param name="data">8 bytes: what is written, or the place for the answer.</param>
    /// <returns>Whether it is done.</returns>
    public bool TryMsr(in VmExit exit, Span<byte> data)
    {
        if (NextFinishedLength == 0)
        {
            Error = false;
        }

        if (exit.Direction == ExitDirection.Read)
        {
            data.Clear();
        }

        return TryAccess(exit, data);
    }

    public bool TryHypercall(ulong number, Span<byte> data) => TryAccess(VmExit.Hypercall(_engine.Id, number), data);

    /// <summary>Tells whether the finished MSR access failed, once.</summary>
    /// <returns>Whether it did.</returns>
    public bool TakeError()
    {
        bool error = Error;
        Error = false;
        return error;
    }

    /// <summary>The unfinished instruction is about to run again, its last exit answered in <see cref="ExitData"/>.</summary>
    public void BeginReplay()
    {
        if (IsUnfinished)
        {
            Append(ExitData);
            IsUnfinished = false;
        }

        _replayed = 0;
    }

    /// <summary>The instruction ended in a fault: what it had done stays done, but nothing is remembered.</summary>
    public void Forget()
    {
        _finished.Clear();
        _used = 0;
        _replayed = 0;
        _owner = ulong.MaxValue;
        IsUnfinished = false;
    }

    private static ulong ValueOf(ReadOnlySpan<byte> data)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        data[..Math.Min(data.Length, sizeof(ulong))].CopyTo(wide);
        return BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }

    private bool TryAccess(in VmExit exit, Span<byte> data)
    {
        ulong now = _engine.RetiredNow;
        if (_owner != now)
        {
            Forget();
            _owner = now;
        }

        if (_replayed < _finished.Count)
        {
            (int start, int length) = _finished[_replayed++];
            if (exit.Direction == ExitDirection.Read)
            {
                _bytes.AsSpan(start, Math.Min(length, data.Length)).CopyTo(data);
            }

            return true;
        }

        if (TryLocalApic(exit, data))
        {
            Append(data);
            _replayed++;
            return true;
        }

        _engine.Statistics.Count(exit.Reason);
        if (_vm.OfferedHandler is { } handler && _engine.CallHandler(handler, exit, data))
        {
            Append(data);
            _replayed++;
            return true;
        }

        Stop(exit, data);
        return false;
    }

    private void Stop(in VmExit exit, ReadOnlySpan<byte> data)
    {
        data.CopyTo(_exitData);
        ExitLength = data.Length;
        if (exit.Direction == ExitDirection.Read && exit.Reason != VmExitReason.Hypercall)
        {
            ExitData.Clear();
        }

        Exit = exit;
        IsUnfinished = true;
        _engine.Cpu->Stop = StopReason.Exit;
    }

    // The local APIC's page never leaves the processor.
    private bool TryLocalApic(in VmExit exit, Span<byte> data)
    {
        const ulong InPage = GuestPage.OffsetMask;
        if (exit.Reason != VmExitReason.Mmio || (exit.Address & ~InPage) != _engine.Mmu.Physical.ApicPage || _engine.Apic is not { } apic)
        {
            return false;
        }

        apic.Registers.Access(exit.Direction, (int)(exit.Address & InPage), data);
        if (_engine.Cpu->Pending != 0)
        {
            _engine.Loop.BreakAfterCurrent(); // the write may have let an interrupt through
        }

        return true;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_used + data.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * (_used + data.Length));
        }

        data.CopyTo(_bytes.AsSpan(_used));
        _finished.Add((_used, data.Length));
        _used += data.Length;
    }
}
