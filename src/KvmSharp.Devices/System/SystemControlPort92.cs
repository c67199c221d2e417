namespace KvmSharp.Devices;

/// <summary>System control port A (port 92h): the fast way to the A20 gate and to a reset.</summary>
/// <remarks>
/// Bit 1 is the level of the A20 output; a rising bit 0 pulses the reset output; all bits read back as written. The board decides how this
/// A20 output and the keyboard controller's act together. Source: IBM PS/2 Hardware Interface Technical Reference, "System Control Port A".
/// </remarks>
public sealed class SystemControlPort92 : BytePortDevice, IStateful<SystemControlPort92State>
{
    private const byte FastReset = 0x01;
    private const byte A20 = 0x02;

    private readonly ISignal _a20;
    private readonly ISignal _reset;
    private SystemControlPort92State _s;

    /// <summary>Makes the port in its power-on state: all bits 0.</summary>
    /// <param name="a20">The A20 gate; asserted lets address bit 20 through.</param>
    /// <param name="reset">The processor's reset line; it is asserted and released again within one write.</param>
    public SystemControlPort92(ISignal a20, ISignal reset)
        : base(ports: 1)
    {
        _a20 = a20;
        _reset = reset;
        Reset();
    }

    /// <inheritdoc/>
    public SystemControlPort92State Save() => _s;

    /// <inheritdoc/>
    public void Load(in SystemControlPort92State state)
    {
        _s = state;
        _a20.Drive((_s.Value & A20) != 0);
    }

    /// <inheritdoc/>
    public void Reset() => Load(default);

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => _s.Value;

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        bool reset = (value & ~_s.Value & FastReset) != 0;
        Load(new SystemControlPort92State { Value = value });
        if (reset)
        {
            // Last: a board may reset this port too, from inside the pulse.
            _reset.Drive(true);
            _reset.Drive(false);
        }
    }
}

/// <summary>All that <see cref="SystemControlPort92"/> remembers.</summary>
public record struct SystemControlPort92State
{
    /// <summary>Gets or sets the byte as the guest wrote it.</summary>
    public byte Value { get; set; }
}
