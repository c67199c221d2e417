namespace KvmSharp.Devices;

/// <summary>The IDE function of an Intel 82371SB (PIIX3): two channels at the ports of the PC/AT, and bus masters for both.</summary>
/// <remarks>
/// It stands in compatibility mode: its channels have fixed ports and the lines IRQ 14 and 15, and its interrupt pin is not connected. The one
/// window, BAR 4, has the bus masters' 16 ports. It powers on as firmware leaves it, with both channels decoded.
/// Not modelled: timings (IDETIM and SIDETIM read back what was written; only the decode bits act).
/// Source: Intel 82371SB (PIIX3) data sheet (290550), "PCI configuration registers (function 1)" and "PCI bus master IDE registers".
/// </remarks>
public sealed class PiixIde : PciFunction, IStateful<PiixIdeState>
{
    private const int BusMasterBar = 4;
    private const int PrimaryTiming = 0x40; // IDETIM, a word for each channel
    private const int SecondaryTiming = 0x42;
    private const int SlaveTiming = 0x44; // SIDETIM
    private const ushort DecodeEnable = 0x8000; // IDE
    private const ushort FastMedium = 0x0280; // status: takes fast back-to-back cycles, medium DEVSEL# timing
    private const int LargestChunk = 64 * 1024;

    private static readonly PciIdentity Identity = new()
    {
        VendorId = 0x8086,
        DeviceId = 0x7010,
        ClassCode = 0x010180,
        SubsystemVendorId = 0x1AF4,
        SubsystemId = 0x1100,
    };

    private readonly BusMaster _primaryMaster;
    private readonly BusMaster _secondaryMaster;

    /// <summary>Makes a controller without drives, in its power-on state.</summary>
    /// <param name="memory">Where the bus masters find descriptors and data.</param>
    /// <param name="primaryIrq">The first channel's interrupt line, IRQ 14.</param>
    /// <param name="secondaryIrq">The second channel's interrupt line, IRQ 15.</param>
    public PiixIde(IGuestMemory memory, ISignal primaryIrq, ISignal secondaryIrq)
        : base(Identity, UnconnectedPin.Instance)
    {
        var chunk = new Lazy<byte[]>(static () => new byte[LargestChunk], isThreadSafe: false); // one is enough: transfers come one after the other
        _primaryMaster = new BusMaster(this, memory, chunk);
        _secondaryMaster = new BusMaster(this, memory, chunk);
        Primary = new IdeChannel(primaryIrq) { BusMaster = _primaryMaster };
        Secondary = new IdeChannel(secondaryIrq) { BusMaster = _secondaryMaster };
        AddBar(BusMasterBar, PciSpace.Port, 2 * BusMaster.Ports, new BusMasterPorts(this));
        MarkWritable(PrimaryTiming, uint.MaxValue);
        MarkWritable(SlaveTiming, byte.MaxValue);
        Reset();
    }

    /// <summary>Gets the first channel; map its 9 offsets to 1F0h to 1F7h and 3F6h.</summary>
    public IdeChannel Primary { get; }

    /// <summary>Gets the second channel; map its 9 offsets to 170h to 177h and 376h.</summary>
    public IdeChannel Secondary { get; }

    /// <inheritdoc/>
    public PiixIdeState Save() => new()
    {
        Config = SaveConfig(),
        PrimaryBusMaster = _primaryMaster.State,
        SecondaryBusMaster = _secondaryMaster.State,
        Primary = Primary.Save(),
        Secondary = Secondary.Save(),
    };

    /// <inheritdoc/>
    public void Load(in PiixIdeState state)
    {
        Primary.Load(state.Primary);
        Secondary.Load(state.Secondary);
        _primaryMaster.State = state.PrimaryBusMaster; // behind the channels, whose lines may have risen
        _secondaryMaster.State = state.SecondaryBusMaster;
        LoadConfig(state.Config);
        UpdateChannelDecoding();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Primary.Reset();
        Secondary.Reset();
        _primaryMaster.State = default;
        _secondaryMaster.State = default;
        PowerOnHeader();
        Write16(PciRegister.Status, FastMedium);
        Write16(PrimaryTiming, DecodeEnable);
        Write16(SecondaryTiming, DecodeEnable);
        UpdateChannelDecoding();
    }

    /// <inheritdoc/>
    protected override void OnConfigWritten(int offset, int width)
    {
        UpdateChannelDecoding();
        Primary.Update(); // bus mastering may have been enabled
        Secondary.Update();
    }

    private void UpdateChannelDecoding()
    {
        Primary.IsDecoded = (Read16(PrimaryTiming) & DecodeEnable) != 0;
        Secondary.IsDecoded = (Read16(SecondaryTiming) & DecodeEnable) != 0;
    }

    /// <summary>The registers in BAR 4: eight ports for each channel.</summary>
    private sealed class BusMasterPorts(PiixIde ide) : BytePortDevice(2 * BusMaster.Ports)
    {
        protected override byte ReadByte(int port) => Master(port).Read(port % BusMaster.Ports);

        protected override void WriteByte(int port, byte value)
        {
            Master(port).Write(port % BusMaster.Ports, value);
            (port < BusMaster.Ports ? ide.Primary : ide.Secondary).Update();
        }

        private BusMaster Master(int port) => port < BusMaster.Ports ? ide._primaryMaster : ide._secondaryMaster;
    }

    private sealed class UnconnectedPin : ISignal
    {
        public static UnconnectedPin Instance { get; } = new();

        public void Drive(bool asserted)
        {
        }
    }
}
