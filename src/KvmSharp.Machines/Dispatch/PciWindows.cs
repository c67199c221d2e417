using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Opens and closes the windows of PCI functions on the board's buses as the guest places them.</summary>
/// <remarks>
/// Where windows overlap, fixed devices win, then the window that was opened or moved first; what a closed window frees goes to the next.
/// A window at 0, which is where all lie before firmware places them, or beyond the last port answers nowhere. RAM lies over windows, never under them.
/// Called with the device lock held.
/// </remarks>
/// <param name="ports">The I/O ports.</param>
/// <param name="memory">The memory-mapped devices.</param>
public sealed class PciWindows(PortBus ports, MmioBus memory)
{
    private const ulong PortCount = 0x1_0000;

    private readonly List<Placed> _open = []; // the first has the right of way
    private readonly List<PciBar> _all = [];

    /// <summary>Gets or sets what is told when a memory window without a device opens, moves or closes: the board backs it with RAM.</summary>
    /// <remarks>Called with the window, and with its address or null for closed.</remarks>
    public Action<PciBar, ulong?>? BackedWindowMoved { get; set; }

    /// <summary>Follows a function's windows from now on.</summary>
    /// <param name="function">The function.</param>
    public void Follow(PciFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        function.DecodingChanged = Update;
        _all.AddRange(function.Bars);
        Update(function);
    }

    /// <summary>Gets what a snapshot holds: in which order windows were opened. Which are open follows from the functions, which are loaded before.</summary>
    internal MachinePart Part => MachinePart.Of("pci.windows", Save, Load);

    private void Save(BinaryWriter fields)
    {
        fields.Write(_open.Count);
        _open.ForEach(window => fields.Write(_all.IndexOf(window.Bar)));
    }

    private void Load(BinaryReader fields)
    {
        int count = fields.ReadInt32();
        if (count != _open.Count)
        {
            throw new InvalidDataException("Other PCI windows are open than the functions say.");
        }

        for (int place = 0; place < count; place++)
        {
            int number = fields.ReadInt32();
            int at = _open.FindIndex(place, window => _all.IndexOf(window.Bar) == number);
            Placed found = at >= 0 ? _open[at] : throw new InvalidDataException("A PCI window is open that no function has.");
            _open.RemoveAt(at);
            _open.Insert(place, found);
        }

        OpenAll();
    }

    private static bool Answers(PciBar bar) =>
        bar.IsDecoded && bar.Address != 0 && (bar.Space != PciSpace.Port || bar.Address + bar.Size <= PortCount);

    private void Update(PciFunction function)
    {
        bool changed = false;
        foreach (PciBar bar in function.Bars)
        {
            var wanted = new Placed(bar, bar.Address);
            int at = _open.FindIndex(w => w.Bar == bar);
            bool stays = at >= 0 && Answers(bar) && _open[at] == wanted;
            if (stays || (at < 0 && !Answers(bar)))
            {
                continue;
            }

            changed = true;
            if (at >= 0)
            {
                _open.RemoveAt(at);
            }

            if (Answers(bar))
            {
                _open.Add(wanted);
            }

            if (bar.Ports is null && bar.Memory is null)
            {
                BackedWindowMoved?.Invoke(bar, Answers(bar) ? bar.Address : null);
            }
        }

        if (changed)
        {
            OpenAll();
        }
    }

    private void OpenAll()
    {
        ports.CloseWindows();
        memory.CloseWindows();
        foreach (Placed window in _open)
        {
            if (window.Bar.Ports is { } portDevice)
            {
                ports.OpenWindow((ushort)window.Address, (int)window.Bar.Size, portDevice);
            }
            else if (window.Bar.Memory is { } memoryDevice)
            {
                memory.OpenWindow(window.Address, window.Bar.Size, memoryDevice);
            }
        }
    }

    private readonly record struct Placed(PciBar Bar, ulong Address);
}
