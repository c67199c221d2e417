namespace KvmSharp.Devices;

/// <summary>The PIIX3's reset control register (CF9h): software's way to reset the whole machine.</summary>
/// <remarks>
/// Bit 2 starts the reset and never reads as 1; bit 1 chooses between a hard reset and one of the processor only, which are the same here.
/// Source: Intel 82371FB/82371SB (PIIX/PIIX3) data sheet, "RC: Reset Control Register".
/// </remarks>
/// <param name="reset">The board's reset line; it is asserted and released again within one write.</param>
public sealed class ResetControlPort(ISignal reset) : BytePortDevice(ports: 1), IStateful<ResetControlPortState>
{
    private const byte HardReset = 0x02;  // SRST
    private const byte ResetCpu = 0x04;   // RCPU

    private ResetControlPortState _s;

    /// <inheritdoc/>
    public ResetControlPortState Save() => _s;

    /// <inheritdoc/>
    public void Load(in ResetControlPortState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = default;

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => _s.Control;

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        _s.Control = (byte)(value & HardReset);
        if ((value & ResetCpu) != 0)
        {
            // Last: a board may reset this port too, from inside the pulse.
            reset.Drive(true);
            reset.Drive(false);
        }
    }
}

/// <summary>All that <see cref="ResetControlPort"/> remembers.</summary>
public record struct ResetControlPortState
{
    /// <summary>Gets or sets the kind of reset that was chosen: bit 1.</summary>
    public byte Control { get; set; }
}
