namespace KvmSharp.Devices;

/// <summary>The host bridge of Intel's 440FX chipset (82441FX, PMC): what it knows of memory between 640 KiB and 1 MiB.</summary>
/// <remarks>
/// The PAM registers say for each of thirteen regions from C0000h to FFFFFh whether reads and writes go to RAM or to the PCI side, where the
/// firmware's ROM is; the board carries it out. The subsystem ids are those by which firmware recognises QEMU's PC and looks for its
/// configuration device. Not modelled: DRAM timing and row boundaries (they read 0), SMRAM beyond its register, the memory error registers.
/// Source: Intel 82441FX (PMC) data sheet, "PAM: Programmable Attribute Map Registers", "SMRAM: System Management RAM Control Register".
/// </remarks>
public sealed class I440FxHostBridge : PciFunction, IStateful<I440FxHostBridgeState>
{
    /// <summary>The regions that the PAM registers govern: twelve of 16 KiB from C0000h on, then one of 64 KiB at F0000h.</summary>
    public const int ShadowRegionCount = 13;

    private const int FirstPam = 0x59; // PAM0: F0000h in its high half; PAM1 to PAM6: two regions each, the lower one in the low half
    private const int PamCount = 7;
    private const int PamHalfShift = 4;
    private const byte PamWritable = 0x77; // CE, WE and RE of both halves; the cache enable has no effect
    private const byte PamAccess = 0x03;   // WE and RE
    private const int SystemManagementRam = 0x72;
    private const byte SystemManagementRamWritable = 0x78; // D_OPEN, D_CLS, D_LCK, G_SMRAME
    private const byte CompatibleSegment = 0x02;           // C_BASE_SEG: A0000h, fixed
    private const ushort PowerOnCommand = (ushort)(PciCommand.MemorySpace | PciCommand.BusMaster); // wired to 1
    private const ushort PowerOnStatus = 0x0280; // fast back-to-back, medium DEVSEL timing

    private static readonly PciIdentity Identity = new()
    {
        VendorId = 0x8086,
        DeviceId = 0x1237,
        ClassCode = 0x06_00_00,
        Revision = 0x02,
        SubsystemVendorId = 0x1AF4,
        SubsystemId = 0x1100,
    };

    private readonly Action<int, ShadowAccess> _shadow;
    private readonly ShadowAccess[] _regions = new ShadowAccess[ShadowRegionCount];

    /// <summary>Makes the bridge in its power-on state: all regions on the PCI side.</summary>
    /// <param name="interruptPin">A wire without an end: the bridge has no interrupt.</param>
    /// <param name="shadow">Told of each region whose accesses change: its number in address order, and where they go now.</param>
    public I440FxHostBridge(ISignal interruptPin, Action<int, ShadowAccess> shadow)
        : base(Identity, interruptPin)
    {
        _shadow = shadow;
        for (int pam = 0; pam < PamCount; pam++)
        {
            MarkWritable(FirstPam + pam, PamWritable);
        }

        MarkWritable(SystemManagementRam, SystemManagementRamWritable);
        Reset();
    }

    /// <inheritdoc/>
    public I440FxHostBridgeState Save() => new() { Config = SaveConfig() };

    /// <inheritdoc/>
    public void Load(in I440FxHostBridgeState state)
    {
        LoadConfig(state.Config);
        FollowPam();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        PowerOnHeader();
        Write16(PciRegister.Command, PowerOnCommand);
        Write16(PciRegister.Status, PowerOnStatus);
        Config[SystemManagementRam] = CompatibleSegment;
        FollowPam();
    }

    /// <inheritdoc/>
    protected override void OnConfigWritten(int offset, int width)
    {
        Write16(PciRegister.Command, PowerOnCommand);
        FollowPam();
    }

    private void FollowPam()
    {
        for (int region = 0; region < ShadowRegionCount; region++)
        {
            // Region 12 is the high half of PAM0; regions 0, 1 are the halves of PAM1, and so on.
            int half = region == ShadowRegionCount - 1 ? 1 : region + 2;
            byte pam = Config[FirstPam + (half / 2)];
            var access = (ShadowAccess)((pam >> (half % 2 * PamHalfShift)) & PamAccess);
            if (access != _regions[region])
            {
                _regions[region] = access;
                _shadow(region, access);
            }
        }
    }
}

/// <summary>Which accesses to a region of memory below 1 MiB reach RAM; the others go to the PCI side, where a write is lost in ROM.</summary>
[Flags]
public enum ShadowAccess
{
    /// <summary>None: it reads as ROM.</summary>
    None = 0,

    /// <summary>Reads come from RAM. RE.</summary>
    Read = 1,

    /// <summary>Writes go to RAM. WE.</summary>
    Write = 2,
}

/// <summary>All that an i440FX host bridge remembers.</summary>
public record struct I440FxHostBridgeState
{
    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config { get; set; }
}
