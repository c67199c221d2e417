namespace KvmSharp.Devices;

/// <summary>The PCI-to-ISA bridge of Intel's PIIX3 (82371SB), function 0: it routes the four PCI interrupt lines to ISA lines.</summary>
/// <remarks>
/// Each PIRQ# line has a register that names the ISA line it drives, or none. Several may share one; then it is asserted while any of them is.
/// Not modelled: ISA clocks and recovery times, the mouse and keyboard decode switches, DMA buffers, system management. The edge/level registers and the
/// reset control register are chips of their own. Source: Intel 82371FB/82371SB (PIIX/PIIX3) data sheet, "PIRQRC[A:D]: PIRQx Route Control Registers".
/// </remarks>
public sealed class Piix3IsaBridge : PciFunction, IStateful<Piix3IsaBridgeState>
{
    /// <summary>The PCI interrupt lines: PIRQA# to PIRQD#.</summary>
    public const int PirqCount = 4;

    /// <summary>The offset of PIRQA#'s route control register; the others follow.</summary>
    public const int FirstRoute = 0x60;

    private const byte RouteDisabled = 0x80;
    private const byte RouteLine = 0x0F;
    private const byte RouteWritable = RouteDisabled | RouteLine;
    private const int RoutableLines = 0b1101_1110_1111_1000; // not 0, 1, 2, 8 and 13, which are reserved
    private const int LineCount = 16;
    private const int XBusChipSelect = 0x4E; // 2 bytes, stored only
    private const ushort PowerOnXBusChipSelect = 0x0003;
    private const int TopOfMemory = 0x69; // stored only
    private const byte PowerOnTopOfMemory = 0x02;

    private static readonly PciIdentity Identity = new()
    {
        VendorId = 0x8086,
        DeviceId = 0x7000,
        ClassCode = 0x06_01_00,
        SubsystemVendorId = 0x1AF4,
        SubsystemId = 0x1100,
        IsMultifunction = true,
    };

    private readonly IReadOnlyList<ISignal> _lines;
    private readonly Input[] _inputs = new Input[PirqCount];
    private byte _levels; // of PIRQA# to PIRQD#, bit 0 to bit 3
    private int _driven;  // one bit for each ISA line

    /// <summary>Makes the bridge in its power-on state: no line routed.</summary>
    /// <param name="interruptPin">A wire without an end: the bridge itself has no interrupt.</param>
    /// <param name="isaLines">The sixteen ISA interrupt lines, which others may drive too.</param>
    public Piix3IsaBridge(ISignal interruptPin, IReadOnlyList<ISignal> isaLines)
        : base(Identity, interruptPin)
    {
        _lines = isaLines;
        for (int pirq = 0; pirq < PirqCount; pirq++)
        {
            _inputs[pirq] = new Input(this, pirq);
            MarkWritable(FirstRoute + pirq, RouteWritable);
        }

        MarkWritable(XBusChipSelect, ushort.MaxValue);
        MarkWritable(TopOfMemory, byte.MaxValue);
        Reset();
    }

    /// <summary>Gets a PCI interrupt line's input.</summary>
    /// <param name="pirq">0 for PIRQA# to 3 for PIRQD#.</param>
    /// <returns>The line; each call gives the same object.</returns>
    public ISignal Pirq(int pirq) => _inputs[pirq];

    /// <inheritdoc/>
    public Piix3IsaBridgeState Save() => new() { Config = SaveConfig(), PirqLevels = _levels };

    /// <inheritdoc/>
    public void Load(in Piix3IsaBridgeState state)
    {
        _levels = state.PirqLevels;
        LoadConfig(state.Config);
        DriveLines(again: true);
    }

    /// <inheritdoc/>
    /// <remarks>The levels of the PCI lines stay: other chips drive them.</remarks>
    public void Reset()
    {
        PowerOnHeader();
        Write16(XBusChipSelect, PowerOnXBusChipSelect);
        Config[TopOfMemory] = PowerOnTopOfMemory;
        Config.Slice(FirstRoute, PirqCount).Fill(RouteDisabled);
        DriveLines(again: false);
    }

    /// <inheritdoc/>
    protected override void OnConfigWritten(int offset, int width) => DriveLines(again: false);

    private void SetPirq(int pirq, bool asserted)
    {
        _levels = (byte)(asserted ? _levels | (1 << pirq) : _levels & ~(1 << pirq));
        DriveLines(again: false);
    }

    private void DriveLines(bool again)
    {
        int asserted = 0;
        for (int pirq = 0; pirq < PirqCount; pirq++)
        {
            byte route = Config[FirstRoute + pirq];
            if ((route & RouteDisabled) == 0 && (_levels & (1 << pirq)) != 0)
            {
                asserted |= 1 << (route & RouteLine);
            }
        }

        asserted &= RoutableLines;
        int changed = again ? RoutableLines : asserted ^ _driven;
        _driven = asserted;
        for (int line = 0; line < LineCount; line++)
        {
            if ((changed & (1 << line)) != 0)
            {
                _lines[line].Drive((asserted & (1 << line)) != 0);
            }
        }
    }

    private sealed class Input(Piix3IsaBridge bridge, int pirq) : ISignal
    {
        public void Drive(bool asserted) => bridge.SetPirq(pirq, asserted);
    }
}

/// <summary>All that a PIIX3 ISA bridge remembers.</summary>
public record struct Piix3IsaBridgeState
{
    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config { get; set; }

    /// <summary>Gets or sets the levels of PIRQA# (bit 0) to PIRQD# (bit 3).</summary>
    public byte PirqLevels { get; set; }
}
