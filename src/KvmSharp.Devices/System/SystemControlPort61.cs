namespace KvmSharp.Devices;

/// <summary>System control port B (port 61h): the speaker's gate and data bit, the refresh toggle, and counter 2's OUT pin.</summary>
/// <remarks>
/// Bit 0 drives GATE 2, bit 1 is the speaker's data bit, bits 2 and 3 mask parity and channel checks; these four read back. Read only:
/// bit 4 toggles with each refresh (every 18 timer ticks, about 15.1 microseconds), bit 5 is OUT 2. Bits 6 and 7 (channel and parity check) are
/// 0, since neither fault happens here; so the two masks have no effect. Not modelled: sound.
/// Source: IBM PC AT Technical Reference, "System Board I/O"; Intel 82371AB (PIIX4) data sheet, "NMISC".
/// </remarks>
public sealed class SystemControlPort61 : BytePortDevice, IStateful<SystemControlPort61State>
{
    private const byte Gate2 = 0x01;
    private const byte Writable = 0x0F;
    private const byte RefreshToggle = 0x10;
    private const byte Out2 = 0x20;
    private const int TicksPerRefresh = 18; // what PC firmware programs into counter 1

    private readonly IVirtualClock _clock;
    private readonly ISignal _gate2;
    private readonly Func<bool> _out2;
    private SystemControlPort61State _s;

    /// <summary>Makes the port in its power-on state: GATE 2 low.</summary>
    /// <param name="clock">The machine's time, from which the refresh toggle follows.</param>
    /// <param name="gate2">The GATE input of counter 2.</param>
    /// <param name="out2">Gives the level of counter 2's OUT pin at this moment.</param>
    public SystemControlPort61(IVirtualClock clock, ISignal gate2, Func<bool> out2)
        : base(ports: 1)
    {
        _clock = clock;
        _gate2 = gate2;
        _out2 = out2;
        Reset();
    }

    /// <inheritdoc/>
    public SystemControlPort61State Save() => _s;

    /// <inheritdoc/>
    public void Load(in SystemControlPort61State state)
    {
        _s = state;
        _gate2.Drive((_s.Value & Gate2) != 0);
    }

    /// <inheritdoc/>
    public void Reset() => Load(default);

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        bool refresh = (InputClock.TickAt(_clock.Now) / TicksPerRefresh & 1) != 0;
        return (byte)(_s.Value | (refresh ? RefreshToggle : 0) | (_out2() ? Out2 : 0));
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value) => Load(new SystemControlPort61State { Value = (byte)(value & Writable) });
}

/// <summary>All that <see cref="SystemControlPort61"/> remembers.</summary>
public record struct SystemControlPort61State
{
    /// <summary>Gets or sets bits 0 to 3 as the guest wrote them.</summary>
    public byte Value { get; set; }
}
