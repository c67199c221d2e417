namespace KvmSharp.Devices;

/// <summary>The sixteen-bit ACPI PM1a control register, of which only the power switch works.</summary>
/// <remarks>
/// Offsets 0 and 1. A write with SLP_EN (bit 13) powers off, whatever sleep type it names: there is no other sleep here. SLP_EN reads as 0, all other bits
/// read back as written. Byte writes are as good: bit 13 lies in the byte at offset 1. Not modelled: the rest of ACPI's power management.
/// Source: ACPI Specification, "PM1 Control Registers". QEMU's PC has the register at port 604h.
/// </remarks>
/// <param name="powerOff">Called when the guest switches off, with the machine's device lock held.</param>
public sealed class PowerOffPort(Action powerOff) : IPortDevice, IStateful<PowerOffPortState>
{
    private const ushort SleepEnable = 0x2000; // SLP_EN
    private const int RegisterBytes = 2;

    private PowerOffPortState _s;

    /// <inheritdoc/>
    public PowerOffPortState Save() => _s;

    /// <inheritdoc/>
    public void Load(in PowerOffPortState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = default;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width) => (0xFFFF_0000u | _s.Control) >> (8 * Math.Min(offset, (ushort)RegisterBytes));

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        if (offset >= RegisterBytes)
        {
            return;
        }

        int lanes = offset == 0 ? (width == 1 ? 0x00FF : 0xFFFF) : 0xFF00;
        int written = (int)(value << (8 * offset)) & lanes;
        _s.Control = (ushort)((_s.Control & ~lanes) | (written & ~SleepEnable));
        if ((written & SleepEnable) != 0)
        {
            powerOff();
        }
    }
}

/// <summary>All that <see cref="PowerOffPort"/> remembers.</summary>
public record struct PowerOffPortState
{
    /// <summary>Gets or sets the control register without SLP_EN.</summary>
    public ushort Control { get; set; }
}
