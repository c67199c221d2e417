namespace KvmSharp.Devices;

/// <summary>How bytes pass between the bus and one counter of an 8254: byte order, count latch and status latch.</summary>
/// <remarks>Source: Intel 8254 data sheet (231164), "Write Operations" and "Read Operations".</remarks>
internal sealed class PitCounterPort
{
    private const int LeastSignificantOnly = 1;
    private const int MostSignificantOnly = 2;
    private const int Both = 3;
    private const byte StatusOut = 0x80;
    private const byte StatusNullCount = 0x40;

    private PitCounterPortState _s;

    public PitCounter Counter { get; } = new();

    public PitCounterPortState State
    {
        get => _s with { Counter = Counter.State };
        set
        {
            _s = value with { Counter = default };
            Counter.State = value.Counter;
        }
    }

    public static PitCounterPortState PowerOn(bool gate) => new() { Access = Both, Counter = PitCounter.PowerOn(gate) };

    /// <summary>Takes a control word other than the counter latch command.</summary>
    /// <param name="access">Its RW bits, 1 to 3.</param>
    /// <param name="mode">Its M bits, 0 to 7; 6 and 7 are 2 and 3.</param>
    /// <param name="bcd">Its BCD bit.</param>
    public void Program(int access, int mode, bool bcd)
    {
        _s = new PitCounterPortState { Access = (byte)access };
        Counter.Program(mode > 5 ? mode - 4 : mode, bcd);
    }

    /// <summary>Latches the count; a count that is latched already stays.</summary>
    public void LatchCount(long tick)
    {
        if (!_s.CountLatched)
        {
            _s.CountLatch = Counter.Count(tick);
            _s.CountLatched = true;
        }
    }

    /// <summary>Latches the status; a status that is latched already stays.</summary>
    public void LatchStatus(long tick)
    {
        if (!_s.StatusLatched)
        {
            bool high = Counter.Out(tick); // first: it lets a load that is due clear the null count
            int status = (_s.Access << 4) | (Counter.Mode << 1) | (Counter.Bcd ? 1 : 0);
            _s.StatusLatch = (byte)(status | (high ? StatusOut : 0) | (Counter.NullCount ? StatusNullCount : 0));
            _s.StatusLatched = true;
        }
    }

    public byte Read(long tick)
    {
        if (_s.StatusLatched)
        {
            _s.StatusLatched = false;
            return _s.StatusLatch;
        }

        ushort count = _s.CountLatched ? _s.CountLatch : Counter.Count(tick);
        bool high = _s.Access == MostSignificantOnly || _s.ReadSecond;
        bool last = _s.Access != Both || _s.ReadSecond;
        _s.ReadSecond = !last;
        _s.CountLatched &= !last;
        return (byte)(high ? count >> 8 : count);
    }

    public void Write(long tick, byte value)
    {
        if (_s.Access == Both && !_s.WriteSecond)
        {
            _s.FirstByte = value;
            _s.WriteSecond = true;
            Counter.BeginCount(tick);
            return;
        }

        // The byte that an access mode leaves out counts as zero.
        int low = _s.Access == LeastSignificantOnly ? value : _s.FirstByte;
        int high = _s.Access == LeastSignificantOnly ? 0 : value;
        _s.FirstByte = 0;
        _s.WriteSecond = false;
        Counter.SetCount(tick, (ushort)(high << 8 | low));
    }
}
