using System.Runtime.CompilerServices;

namespace KvmSharp.Machines;

/// <summary>The I/O ports of a board: 65,536 of them, each with at most one device.</summary>
/// <remarks>
/// A device gets accesses up to the width it was mapped with; wider ones, and those that cross its end, are split in halves,
/// lowest port first. Ports without a device read as all ones. Not thread-safe: the caller holds the device lock.
/// Fixed devices are mapped once, by the board. Windows are moved by the guest, who may lay them over anything: a window gets the ports that
/// nobody has at that time, and an access belongs to the device of its first port.
/// </remarks>
public sealed class PortBus
{
    private const int PageShift = 8;
    private const int PortsPerPage = 1 << PageShift;
    private const int PortCount = 0x1_0000;

    private readonly Mapping?[]?[] _pages = new Mapping?[PortCount / PortsPerPage][];
    private readonly List<Mapping> _windows = [];

    /// <summary>Gets or sets what is told of each access that no device answers.</summary>
    public Action<UnmappedAccess>? Unmapped { get; set; }

    /// <summary>Gets which device answers at which ports, lowest first; neighbouring ports of one device together.</summary>
    public IEnumerable<(int First, int Last, IPortDevice Device)> Devices
    {
        get
        {
            for (int first = 0; first < PortCount; first++)
            {
                if (Find((ushort)first) is { } mapping)
                {
                    int last = first;
                    while (last + 1 < PortCount && ReferenceEquals(Find((ushort)(last + 1))?.Device, mapping.Device))
                    {
                        last++;
                    }

                    yield return (first, last, mapping.Device);
                    first = last;
                }
            }
        }
    }

    /// <summary>Gives ports to a device.</summary>
    /// <param name="first">The first port: the device's offset 0.</param>
    /// <param name="count">The number of ports.</param>
    /// <param name="device">The device.</param>
    /// <param name="firstOffset">The device's offset behind the first port, for devices whose ports are not neighbours.</param>
    /// <param name="maximumWidth">The widest access in bytes that the device takes: 1, 2 or 4.</param>
    /// <exception cref="InvalidOperationException">A port is taken already.</exception>
    public void Map(ushort first, int count, IPortDevice device, ushort firstOffset = 0, int maximumWidth = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, PortCount, nameof(count));
        var mapping = new Mapping(device, first, first + count, firstOffset, maximumWidth);
        for (int port = first; port < mapping.End; port++)
        {
            ref Mapping? slot = ref SlotOf(port);
            slot = slot is null ? mapping : throw new InvalidOperationException($"Port {port:X}h has a device already.");
        }
    }

    /// <summary>Opens a window: gives those of its ports that are free to a device, for accesses of up to 4 bytes.</summary>
    /// <param name="first">The first port: the device's offset 0.</param>
    /// <param name="count">The number of ports.</param>
    /// <param name="device">The device.</param>
    public void OpenWindow(ushort first, int count, IPortDevice device)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, PortCount, nameof(count));
        var window = new Mapping(device, first, first + count, FirstOffset: 0, MaximumWidth: sizeof(uint));
        _windows.Add(window);
        for (int port = first; port < window.End; port++)
        {
            SlotOf(port) ??= window;
        }
    }

    /// <summary>Closes all windows.</summary>
    public void CloseWindows()
    {
        foreach (Mapping window in _windows)
        {
            for (int port = window.First; port < window.End; port++)
            {
                ref Mapping? slot = ref SlotOf(port);
                slot = ReferenceEquals(slot, window) ? null : slot;
            }
        }

        _windows.Clear();
    }

    /// <summary>Reads from a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <returns>The value in the low <paramref name="width"/> bytes.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read(ushort port, int width)
    {
        Mapping? mapping = Find(port);
        return mapping is not null && mapping.Takes(port, width) ? mapping.Device.ReadPort(mapping.Offset(port), width) & Ones(width) : ReadParts(port, width);
    }

    private uint ReadParts(ushort port, int width)
    {
        if (NothingAt(port, width))
        {
            Unmapped?.Invoke(new UnmappedAccess(AccessSpace.Port, ExitDirection.Read, port, width, 0));
            return Ones(width);
        }

        int half = width / 2;
        uint low = Read(port, half);
        return low | (Read((ushort)(port + half), half) << (8 * half));
    }

    /// <summary>Writes to a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <param name="value">The value; bytes above <paramref name="width"/> are ignored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ushort port, int width, uint value)
    {
        value &= Ones(width);
        Mapping? mapping = Find(port);
        if (mapping is not null && mapping.Takes(port, width))
        {
            mapping.Device.WritePort(mapping.Offset(port), width, value);
        }
        else
        {
            WriteParts(port, width, value);
        }
    }

    private void WriteParts(ushort port, int width, uint value)
    {
        if (NothingAt(port, width))
        {
            Unmapped?.Invoke(new UnmappedAccess(AccessSpace.Port, ExitDirection.Write, port, width, value));
        }
        else
        {
            int half = width / 2;
            Write(port, half, value);
            Write((ushort)(port + half), half, value >> (8 * half));
        }
    }

    private static uint Ones(int width) => uint.MaxValue >> (32 - (8 * width));

    private ref Mapping? SlotOf(int port) => ref (_pages[port >> PageShift] ??= new Mapping?[PortsPerPage])[port & (PortsPerPage - 1)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Mapping? Find(ushort port) => _pages[port >> PageShift]?[port & (PortsPerPage - 1)];

    private bool NothingAt(ushort port, int width)
    {
        for (int lane = 0; lane < width; lane++)
        {
            if (Find((ushort)(port + lane)) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Mapping(IPortDevice Device, int First, int End, ushort FirstOffset, int MaximumWidth)
    {
        // One byte is taken whatever the device declares, so that splitting ends.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Takes(int port, int width) => width == 1 || (width <= MaximumWidth && port + width <= End);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ushort Offset(int port) => (ushort)(port - First + FirstOffset);
    }
}
