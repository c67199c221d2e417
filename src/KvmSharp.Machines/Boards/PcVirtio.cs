using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The board's virtio functions, in the slots from <see cref="PcLayout.FirstVirtioSlot"/> on: the disks, then what else was asked for.</summary>
internal sealed class PcVirtio
{
    private readonly PcWiring _board;
    private readonly PciSlots _slots;
    private readonly List<VirtioPciFunction> _functions = [];
    private readonly SeededEntropy? _seededEntropy;

    /// <param name="board">What the board gives to its chips.</param>
    /// <param name="slots">The PCI bus.</param>
    /// <exception cref="ImageException">There are more disks than slots.</exception>
    public PcVirtio(PcWiring board, PciSlots slots)
    {
        _board = board;
        _slots = slots;
        bool hasRng = board.Devices.HasFlag(OptionalDevices.VirtioRng);
        bool hasConsole = board.Devices.HasFlag(OptionalDevices.VirtioConsole);
        AddDisks(board.Disks.Virtio, others: (hasRng ? 1 : 0) + (hasConsole ? 1 : 0));
        if (hasRng)
        {
            _seededEntropy = board.HostEntropy is null ? new SeededEntropy(board.Seed) : null;
            Add(new VirtioRng(board.HostEntropy is { } fill ? new HostEntropy(fill) : _seededEntropy!));
        }

        if (hasConsole)
        {
            Console = new PcConsole(board.Console, board.Clock, board.ConsoleTrace);
            Add(Console.Device);
        }
    }

    /// <summary>Gets the console, if there is one.</summary>
    public PcConsole? Console { get; }

    /// <summary>Gets the functions, and what lies behind them, as parts of a snapshot.</summary>
    public IEnumerable<MachinePart> Parts =>
    [
        .. _functions.Select(static (function, number) => MachinePart.Of($"virtio.{number}", function)),
        .. Console is { } console ? [MachinePart.Of("virtio.console", console.Device)] : Array.Empty<MachinePart>(),
        .. _seededEntropy is { } entropy ? [MachinePart.Of("entropy", entropy)] : Array.Empty<MachinePart>(),
    ];

    /// <summary>Gives every function its power-on state. Call with the device lock held.</summary>
    public void Reset()
    {
        foreach (VirtioPciFunction function in _functions)
        {
            function.Reset();
        }

        Console?.Reset();
        _seededEntropy?.Reset();
    }

    private void AddDisks(IReadOnlyList<IDisk> disks, int others)
    {
        int places = PciBus.DeviceCount - PcLayout.FirstVirtioSlot - others;
        if (disks.Count > places)
        {
            string beside = others == 0 ? string.Empty : " beside the other virtio devices";
            throw new ImageException($"PCI has slots for {places} virtio disks{beside}, not for {disks.Count}: leave some out, or give up to four bus=ide.");
        }

        for (int disk = 0; disk < disks.Count; disk++)
        {
            Add(new VirtioBlk(disks[disk], serial: $"KV{disk + 1:D8}"));
        }
    }

    private void Add(VirtioDevice device)
    {
        int slot = PcLayout.FirstVirtioSlot + _functions.Count;
        var function = new VirtioPciFunction(device, _board.Memory, _board.Clock, _slots.InterruptPin(slot));
        _functions.Add(function);
        _slots.Add(slot, 0, function);
    }
}
