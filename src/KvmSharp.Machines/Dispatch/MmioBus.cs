namespace KvmSharp.Machines;

/// <summary>The guest-physical address ranges of a board that belong to devices.</summary>
/// <remarks>
/// An access reaches one device with its full width when it lies inside its range, else each byte goes its own way, lowest
/// address first. Addresses without a device read as all ones. Not thread-safe: the caller holds the device lock.
/// Fixed devices are mapped once, by the board. Windows are moved by the guest, who may lay them over anything: a window gets the addresses
/// that nobody has at that time. Memory slots are no matter of this bus: accesses to them never come here.
/// </remarks>
public sealed class MmioBus
{
    private readonly List<Mapping> _mappings = []; // ordered by address, none overlapping

    /// <summary>Gets or sets what is told of each access that no device answers.</summary>
    public Action<UnmappedAccess>? Unmapped { get; set; }

    /// <summary>Gets which device answers at which guest-physical addresses, lowest first.</summary>
    public IEnumerable<(ulong First, ulong Last, IMmioDevice Device)> Devices => _mappings.Select(static m => (m.First, m.Last, m.Device));

    /// <summary>Gives a range of addresses to a device.</summary>
    /// <param name="first">The first address: the device's offset 0.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="device">The device.</param>
    /// <exception cref="InvalidOperationException">An address is taken already.</exception>
    public void Map(ulong first, ulong length, IMmioDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length - 1, ulong.MaxValue - first, nameof(length));
        int at = FirstAbove(first);
        ulong last = first + (length - 1);
        if ((at > 0 && _mappings[at - 1].Last >= first) || (at < _mappings.Count && _mappings[at].First <= last))
        {
            throw new InvalidOperationException($"The addresses from {first:X}h to {last:X}h overlap those of another device.");
        }

        _mappings.Insert(at, new Mapping(first, last, first, device, IsWindow: false));
    }

    /// <summary>Opens a window: gives those of its addresses that are free to a device.</summary>
    /// <param name="first">The first address: the device's offset 0.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="device">The device.</param>
    public void OpenWindow(ulong first, ulong length, IMmioDevice device)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length - 1, ulong.MaxValue - first, nameof(length));
        ulong last = first + (length - 1);
        ulong free = first;
        int at = Math.Max(FirstAbove(first) - 1, 0);
        for (; at < _mappings.Count && _mappings[at].First <= last; at++)
        {
            Mapping taken = _mappings[at];
            if (taken.Last < free)
            {
                continue;
            }

            if (taken.First > free)
            {
                _mappings.Insert(at++, new Mapping(free, taken.First - 1, first, device, IsWindow: true));
            }

            if (taken.Last >= last)
            {
                return;
            }

            free = taken.Last + 1;
        }

        _mappings.Insert(at, new Mapping(free, last, first, device, IsWindow: true));
    }

    /// <summary>Closes all windows.</summary>
    public void CloseWindows() => _mappings.RemoveAll(m => m.IsWindow);

    /// <summary>Reads from an address.</summary>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="width">1 to 8 bytes.</param>
    /// <returns>The value in the low <paramref name="width"/> bytes.</returns>
    public ulong Read(ulong address, int width)
    {
        if (Find(address) is { } mapping && mapping.Holds(address, width))
        {
            return mapping.Device.ReadMmio(address - mapping.Origin, width) & Ones(width);
        }

        if (NothingAt(address, width))
        {
            Unmapped?.Invoke(new UnmappedAccess(AccessSpace.Memory, ExitDirection.Read, address, width, 0));
            return Ones(width);
        }

        ulong value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= Read(address + (ulong)lane, 1) << (8 * lane);
        }

        return value;
    }

    /// <summary>Writes to an address.</summary>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="width">1 to 8 bytes.</param>
    /// <param name="value">The value; bytes above <paramref name="width"/> are ignored.</param>
    public void Write(ulong address, int width, ulong value)
    {
        value &= Ones(width);
        if (Find(address) is { } mapping && mapping.Holds(address, width))
        {
            mapping.Device.WriteMmio(address - mapping.Origin, width, value);
        }
        else if (NothingAt(address, width))
        {
            Unmapped?.Invoke(new UnmappedAccess(AccessSpace.Memory, ExitDirection.Write, address, width, value));
        }
        else
        {
            for (int lane = 0; lane < width; lane++)
            {
                Write(address + (ulong)lane, 1, value >> (8 * lane));
            }
        }
    }

    private static ulong Ones(int width) => ulong.MaxValue >> (64 - (8 * width));

    private bool NothingAt(ulong address, int width)
    {
        int at = FirstAbove(address);
        bool below = at > 0 && _mappings[at - 1].Last >= address;
        bool within = at < _mappings.Count && _mappings[at].First - address < (ulong)width;
        return !below && !within;
    }

    private Mapping? Find(ulong address)
    {
        int at = FirstAbove(address) - 1;
        return at >= 0 && _mappings[at].Last >= address ? _mappings[at] : null;
    }

    // The index of the first mapping that begins above an address.
    private int FirstAbove(ulong address)
    {
        int low = 0;
        int high = _mappings.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _mappings[middle].First <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    // A window that others cut has several of these, with the same origin: the address of the device's offset 0.
    private sealed record Mapping(ulong First, ulong Last, ulong Origin, IMmioDevice Device, bool IsWindow)
    {
        public bool Holds(ulong address, int width) => Last - address >= (ulong)width - 1;
    }
}
