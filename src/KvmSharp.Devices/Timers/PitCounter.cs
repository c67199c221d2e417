namespace KvmSharp.Devices;

/// <summary>One counter of an 8254: its counting and its OUT pin as functions of the tick, in constant time however many ticks have passed.</summary>
/// <remarks>
/// Each member that takes a tick first lets a load that is due happen, so ticks must not run backwards. What is written at
/// tick t reaches the counting element at tick t + 1, and a level of GATE that changes at t counts for the pulse t + 1, as in the chip.
/// Source: Intel 8254 data sheet (231164), "Mode Definitions" and "Operation Common to All Modes".
/// </remarks>
internal sealed class PitCounter
{
    private const long Never = long.MaxValue;
    private const long NoLoad = -1;
    private const int BinaryModulus = 0x1_0000;
    private const int BcdModulus = 10_000;

    private PitCounterState _s;

    /// <summary>Gets or sets all that the counter remembers, without any effect.</summary>
    public PitCounterState State
    {
        get => _s;
        set => _s = value;
    }

    public int Mode => _s.Mode;

    public bool Bcd => _s.Bcd;

    public bool NullCount => _s.NullCount;

    /// <summary>Gets the ticks after which the waveform repeats itself; 0 when it does not, or stands still.</summary>
    public int PeriodTicks => IsPeriodic && _s.Counting ? Period : 0;

    private bool IsPeriodic => _s.Mode is 2 or 3;

    private bool IsTriggered => _s.Mode is 1 or 5; // a rising GATE loads and starts; its level means nothing

    private int Modulus => _s.Bcd ? BcdModulus : BinaryModulus;

    public static PitCounterState PowerOn(bool gate) => new() { Mode = 3, NullCount = true, Gate = gate, LoadTick = NoLoad };

    /// <summary>Takes a control word: counting stops and OUT takes the mode's first level at once.</summary>
    public void Program(int mode, bool bcd)
    {
        _s.Mode = (byte)mode;
        _s.Bcd = bcd;
        _s.CountWritten = false;
        _s.NullCount = true;
        _s.Armed = false;
        _s.Counting = false;
        _s.LoadTick = NoLoad;
    }

    /// <summary>Takes the first byte of a two-byte count, which in mode 0 stops counting and lowers OUT.</summary>
    public void BeginCount(long tick)
    {
        Advance(tick);
        if (_s.Mode == 0)
        {
            Stop(tick);
        }
    }

    /// <summary>Takes a whole new count.</summary>
    public void SetCount(long tick, ushort count)
    {
        Advance(tick);
        _s.CountRegister = count;
        _s.CountWritten = true;
        _s.NullCount = true;
        if (IsTriggered)
        {
            return; // the next trigger loads it
        }

        if (IsPeriodic && _s.Counting)
        {
            // A running period, or half of a square wave, ends undisturbed.
            _s.LoadTick = NextPeriodicBoundary(tick);
            _s.LoadElapsed = _s.Mode == 3 && Elapsed(_s.LoadTick) % Period != 0 ? HighTicks(CountOf(count)) : 0;
            return;
        }

        if (_s.Mode == 0)
        {
            Stop(tick);
        }

        LoadAt(tick + 1);
    }

    /// <summary>Sets the level of the GATE input.</summary>
    public void SetGate(long tick, bool level)
    {
        Advance(tick);
        if (_s.Gate == level)
        {
            return;
        }

        _s.Gate = level;
        if (IsTriggered || IsPeriodic)
        {
            if (level && _s.CountWritten)
            {
                LoadAt(tick + 1);
            }
            else if (!level && IsPeriodic && _s.Counting)
            {
                Pause(tick);
                _s.LoadTick = NoLoad; // the trigger that starts it again loads the newest count
            }
        }
        else if (!level)
        {
            Pause(tick);
        }
        else if (_s.Armed)
        {
            _s.Origin = tick;
            _s.Counting = true;
        }
    }

    /// <summary>Gets the level of OUT.</summary>
    public bool Out(long tick)
    {
        Advance(tick);
        long elapsed = Elapsed(tick);
        return _s.Mode switch
        {
            0 => _s.Armed && elapsed >= _s.Loaded,
            1 => !_s.Armed || elapsed >= _s.Loaded,
            2 => !_s.Counting || elapsed % Period != Period - 1,
            3 => !_s.Counting || elapsed % Period < HighTicks(Period),
            _ => !_s.Armed || elapsed != _s.Loaded,
        };
    }

    /// <summary>Gets the counting element as the guest reads it: binary or BCD, 16 bits.</summary>
    public ushort Count(long tick)
    {
        Advance(tick);
        long elapsed = Elapsed(tick);
        long count = _s.Mode switch
        {
            _ when _s.Loaded == 0 => 0,
            2 => Period - (elapsed % Period),
            3 => (Period & ~1) - (2 * (elapsed % Period % HighTicks(Period))),
            _ => _s.Loaded - elapsed,
        };
        count %= Modulus;
        int value = (int)(count < 0 ? count + Modulus : count);
        return _s.Bcd ? ToBcd(value) : (ushort)value;
    }

    /// <summary>Lets the load that is due happen.</summary>
    public void Advance(long tick)
    {
        if (_s.LoadTick == NoLoad || tick < _s.LoadTick)
        {
            return;
        }

        _s.Loaded = CountOf(_s.CountRegister);
        _s.Origin = _s.LoadTick;
        _s.ElapsedAtOrigin = _s.LoadElapsed;
        _s.LoadTick = NoLoad;
        _s.NullCount = false;
        _s.Armed = true;
        _s.Counting = IsTriggered || _s.Gate;
    }

    /// <summary>Gets the next tick at which OUT may change, after a given one; <see cref="long.MaxValue"/> when none will unasked.</summary>
    public long NextEvent(long tick)
    {
        Advance(tick);
        long load = _s.LoadTick == NoLoad ? Never : _s.LoadTick;
        if (!_s.Counting || !_s.Armed)
        {
            return load;
        }

        if (IsPeriodic)
        {
            return Math.Min(load, NextPeriodicBoundary(tick, withStrobe: true));
        }

        long expiry = _s.Origin + (_s.Loaded - _s.ElapsedAtOrigin);
        long next = tick < expiry ? expiry : tick == expiry && _s.Mode >= 4 ? expiry + 1 : Never;
        return Math.Min(load, next);
    }

    // A count of 1 is illegal in the periodic modes: it counts as 2, so that OUT still has two levels.
    private int Period => Math.Max(_s.Loaded, 2);

    private static int HighTicks(int period) => (Math.Max(period, 2) + 1) / 2;

    private static ushort ToBcd(int value) =>
        (ushort)((value / 1000 << 12) | (value / 100 % 10 << 8) | (value / 10 % 10 << 4) | (value % 10));

    private int CountOf(ushort register)
    {
        int count = _s.Bcd
            ? ((register >> 12) * 1000) + ((register >> 8 & 0xF) * 100) + ((register >> 4 & 0xF) * 10) + (register & 0xF)
            : register;
        return count == 0 ? Modulus : count;
    }

    private long Elapsed(long tick) => _s.ElapsedAtOrigin + (_s.Counting ? tick - _s.Origin : 0);

    private long NextPeriodicBoundary(long tick, bool withStrobe = false)
    {
        long phase = Elapsed(tick) % Period;
        long next = Period;
        if (_s.Mode == 3 && phase < HighTicks(Period))
        {
            next = HighTicks(Period);
        }
        else if (_s.Mode == 2 && withStrobe && phase < Period - 1)
        {
            next = Period - 1;
        }

        return tick + next - phase;
    }

    private void LoadAt(long tick)
    {
        _s.LoadTick = tick;
        _s.LoadElapsed = 0;
    }

    private void Pause(long tick)
    {
        _s.ElapsedAtOrigin = Elapsed(tick);
        _s.Counting = false;
    }

    private void Stop(long tick)
    {
        Pause(tick);
        _s.Armed = false;
        _s.LoadTick = NoLoad;
    }
}
