using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Intel's 440FX chipset as the board wires it: host bridge, PIIX3 ISA bridge, PIIX4 power management, and the PCI bus they make.</summary>
internal sealed class PcChipset
{
    private readonly Action _reset;

    /// <param name="board">What the board gives to its chips.</param>
    /// <param name="isa">The interrupt lines.</param>
    /// <param name="resetLine">The machine's reset line.</param>
    public PcChipset(PcWiring board, IsaLines isa, ISignal resetLine)
    {
        var hostBridge = new I440FxHostBridge(OpenWire.Instance, board.Shadow);
        var isaBridge = new Piix3IsaBridge(OpenWire.Instance, isa.ConnectAll());
        PowerManagement = new Piix4PowerManagement(board.Clock, isa.Connect(PcLayout.SystemControlIrq), OpenWire.Instance, board.RequestPowerOff);
        board.Ports.Map(PcLayout.ApmCommand, 2, PowerManagement.ApmPorts);
        board.Ports.Map(PcLayout.GeneralPurposeEvents, 4, PowerManagement.GeneralPurposeEvents);

        Slots = new PciSlots(new PciWindows(board.Ports, board.Mmio), isaBridge.Pirq);
        Slots.Add(PcLayout.HostBridgeSlot, 0, hostBridge);
        Slots.Add(PcLayout.IsaBridgeSlot, 0, isaBridge);
        Slots.Add(PcLayout.IsaBridgeSlot, PcLayout.PowerManagementFunction, PowerManagement);

        var resetControl = new ResetControlPort(resetLine);
        var configuration = new PciConfigurationPorts(Slots.Bus, resetControl);
        board.Ports.Map(PcLayout.PciConfiguration, 8, configuration, maximumWidth: 4);
        Parts =
        [
            MachinePart.Of("pci.configuration", configuration),
            MachinePart.Of("reset", resetControl),
            MachinePart.Of("pm", PowerManagement),
            MachinePart.Of("hostbridge", hostBridge),
            MachinePart.Of("isabridge", isaBridge), // last: it has the levels of the other functions' pins
            Slots.Windows.Part,
        ];
        _reset = () =>
        {
            configuration.Reset();
            resetControl.Reset();
            PowerManagement.Reset();
            isaBridge.Reset();
            hostBridge.Reset();
        };
    }

    /// <summary>Gets the chips as parts of a snapshot, to be loaded behind the other PCI functions.</summary>
    public IReadOnlyList<MachinePart> Parts { get; }

    /// <summary>Gets the PCI bus, for other functions to be put on.</summary>
    public PciSlots Slots { get; }

    /// <summary>Gets the power management function, which has the power button.</summary>
    public Piix4PowerManagement PowerManagement { get; }

    /// <summary>Gives every chip its power-on state. Call with the device lock held.</summary>
    public void Reset() => _reset();
}
