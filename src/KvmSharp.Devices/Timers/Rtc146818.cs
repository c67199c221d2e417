namespace KvmSharp.Devices;

/// <summary>The Motorola MC146818 real-time clock with 128 bytes of battery-backed RAM, behind a PC's index and data ports.</summary>
/// <remarks>
/// Offset 0 takes the index in bits 0 to 6 and the NMI mask in bit 7, and drives nothing when read; offset 1 is the register.
/// Time is computed when somebody looks; only an enabled interrupt that can still change something costs a deadline.
/// <see cref="Reset"/> acts as the RESET pin does: the battery keeps time and RAM.
/// Not modelled: daylight saving (DSE), the square wave pin, crystals other than 32,768 Hz.
/// Source: MC146818 data sheet (Motorola); century and memory size bytes: IBM PC AT Technical Reference, "Real-Time Clock/CMOS RAM".
/// </remarks>
public sealed class Rtc146818 : BytePortDevice, IStateful<Rtc146818State>
{
    private const int IndexPort = 0;
    private const byte IndexBits = 0x7F;
    private const byte NmiMask = 0x80;

    private const byte UpdateInProgress = 0x80; // UIP in register A
    private const byte DividerReset = 0x60;     // DV2 and DV1: the divider chain is held in reset
    private const byte RateSelect = 0x0F;       // RS
    private const byte PowerOnA = 0x26;         // 32,768 Hz, periodic rate 1024 Hz
    private const byte SetTime = 0x80;          // SET in register B
    private const byte InterruptEnables = 0x70; // PIE, AIE, UIE
    private const byte SquareWave = 0x08;       // SQWE
    private const byte Periodic = 0x40;         // PIE and PF, and so on
    private const byte Alarm = 0x20;
    private const byte UpdateEnded = 0x10;
    private const byte InterruptRequest = 0x80; // IRQF in register C
    private const byte ValidRamAndTime = 0x80;  // VRT in register D

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long UpdateCycle = 1_984_000 + 244_000; // the update, and the warning before it
    private const long CrystalHertz = 32_768;

    private readonly IVirtualClock _clock;
    private readonly ISignal _irq;
    private readonly IDeadline _deadline;
    private Rtc146818State _s;

    /// <summary>Makes a clock whose battery is good: 24 hours, BCD, running, no interrupt enabled.</summary>
    /// <param name="clock">The machine's time.</param>
    /// <param name="irq">The interrupt line (IRQ 8 in a PC): high until register C is read.</param>
    /// <param name="start">The date and time that the chip shows at virtual time 0, to the second; null for 2000-01-01 00:00:00.</param>
    public Rtc146818(IVirtualClock clock, ISignal irq, DateTime? start = null)
        : base(ports: 2)
    {
        _clock = clock;
        _irq = irq;
        _deadline = clock.CreateDeadline(Update);
        _s.Set(RtcRegister.A, PowerOnA);
        _s.Set(RtcRegister.B, RtcCalendar.Hours24);
        _s.Set(RtcRegister.D, ValidRamAndTime);
        RtcCalendar.Set(ref _s, start ?? new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Update();
    }

    /// <summary>Gets a value indicating whether the guest has masked NMI at the index port.</summary>
    public bool IsNmiMasked => _s.NmiMasked;

    private byte B => _s.Get(RtcRegister.B);

    private bool DividerRuns => (_s.Get(RtcRegister.A) & DividerReset) != DividerReset;

    private bool Updates => DividerRuns && (B & SetTime) == 0;

    // In crystal cycles. Rates 1 and 2 repeat 8 and 9 with this crystal; 0 is none.
    private int PeriodicCycles => (_s.Get(RtcRegister.A) & RateSelect) switch
    {
        0 => 0,
        int rate and < 3 => 1 << (rate + 6),
        int rate => 1 << (rate - 1),
    };

    /// <summary>Reads a byte of the chip without side effects, as the board's firmware would.</summary>
    /// <param name="index">0 to 127.</param>
    /// <returns>The byte.</returns>
    public byte ReadCmos(int index) => _s.Get(index);

    /// <summary>Stores a byte as the board's firmware would; for the RAM from index 0Eh on, and the century.</summary>
    /// <param name="index">0Eh to 127.</param>
    /// <param name="value">The byte.</param>
    public void WriteCmos(int index, byte value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(index, RtcRegister.D);
        _s.Set(index, value);
    }

    /// <summary>Stores the memory size where guests look for it: base memory, the memory above 1 MiB, that above 16 MiB, and that above 4 GiB.</summary>
    /// <param name="bytes">All RAM below 4 GiB, counted from address 0, in bytes.</param>
    /// <param name="highBytes">The RAM from 4 GiB on, in bytes.</param>
    public void SetMemorySize(ulong bytes, ulong highBytes = 0)
    {
        ulong Above(ulong start, ulong unit) => bytes > start ? (bytes - start) / unit : 0;
        const ulong KiB = 1024;
        const ulong MiB = 1024 * KiB;
        SetWord(RtcRegister.BaseMemoryKiB, Math.Min(bytes / KiB, 640));
        SetWord(RtcRegister.ExtendedMemoryKiB, Math.Min(Above(MiB, KiB), ushort.MaxValue));
        SetWord(RtcRegister.ExtendedMemoryKiBCopy, Math.Min(Above(MiB, KiB), ushort.MaxValue));
        SetWord(RtcRegister.HighMemory64KiB, Math.Min(Above(16 * MiB, 64 * KiB), ushort.MaxValue));
        SetWord(RtcRegister.MemoryAbove4GiB, highBytes / (64 * KiB));
        _s.Set(RtcRegister.MemoryAbove4GiB + 2, (byte)(highBytes / (64 * KiB) >> 16));
    }

    /// <summary>Stores the floppy drives where guests look for them, and that there is a coprocessor.</summary>
    /// <param name="first">Drive A.</param>
    /// <param name="second">Drive B.</param>
    public void SetFloppyDrives(BiosFloppyType first, BiosFloppyType second = BiosFloppyType.None)
    {
        const byte Coprocessor = 0x02;
        const byte HasFloppies = 0x01;
        const byte TwoFloppies = 0x40;
        int floppies = first == BiosFloppyType.None ? 0 : second == BiosFloppyType.None ? HasFloppies : HasFloppies | TwoFloppies;
        _s.Set(RtcRegister.FloppyDrives, (byte)(((int)first << 4) | (int)second));
        _s.Set(RtcRegister.Equipment, (byte)(Coprocessor | floppies));
    }

    /// <summary>Stores the number of processors where QEMU's firmware looks for it.</summary>
    /// <param name="count">1 to 256.</param>
    public void SetProcessorCount(int count) => _s.Set(RtcRegister.OtherProcessors, (byte)(count - 1));

    /// <summary>Stores what the firmware shall boot from, in QEMU's places.</summary>
    /// <param name="order">What it tries, first choice first; there is room for three.</param>
    public void SetBootOrder(params ReadOnlySpan<BiosBootDevice> order)
    {
        int Choice(int place, ReadOnlySpan<BiosBootDevice> all) => place < all.Length ? (int)all[place] : (int)BiosBootDevice.None;
        _s.Set(RtcRegister.BootOrder, (byte)(Choice(0, order) | (Choice(1, order) << 4)));
        _s.Set(RtcRegister.BootOrderThird, (byte)(Choice(2, order) << 4));
    }

    /// <inheritdoc/>
    public Rtc146818State Save() => _s;

    /// <inheritdoc/>
    public void Load(in Rtc146818State state)
    {
        _s = state;
        FollowPin();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Account();
        _s.Set(RtcRegister.B, (byte)(B & ~(InterruptEnables | SquareWave)));
        _s.Set(RtcRegister.C, 0);
        _s.Index = 0;
        _s.NmiMasked = false;
        FollowPin();
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        if (port == IndexPort)
        {
            return OpenBus;
        }

        Account();
        byte value = _s.Get(_s.Index);
        switch (_s.Index)
        {
            case RtcRegister.A when Updates && NanosecondsPerSecond - Phase(_clock.Now) <= UpdateCycle:
                value |= UpdateInProgress;
                break;
            case RtcRegister.C:
                value |= IsRequesting ? InterruptRequest : (byte)0;
                _s.Set(RtcRegister.C, 0);
                break;
            default:
                break;
        }

        FollowPin();
        return value;
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        if (port == IndexPort)
        {
            _s.Index = (byte)(value & IndexBits);
            _s.NmiMasked = (value & NmiMask) != 0;
            return;
        }

        Account();
        switch (_s.Index)
        {
            case RtcRegister.A:
                WriteA((byte)(value & ~UpdateInProgress));
                break;
            case RtcRegister.B:
                // A rising SET also takes back the update-ended interrupt.
                bool setRises = (value & ~B & SetTime) != 0;
                _s.Set(RtcRegister.B, (byte)(setRises ? value & ~UpdateEnded : value));
                break;
            case RtcRegister.C or RtcRegister.D:
                break; // read only
            default:
                _s.Set(_s.Index, value);
                break;
        }

        FollowPin();
    }

    private bool IsRequesting => (_s.Get(RtcRegister.C) & B & InterruptEnables) != 0;

    private static long CrystalCycles(long nanoseconds)
    {
        (long seconds, long rest) = Math.DivRem(nanoseconds, NanosecondsPerSecond);
        return (seconds * CrystalHertz) + (rest * CrystalHertz / NanosecondsPerSecond);
    }

    private static long TimeOfCycle(long cycle)
    {
        (long seconds, long rest) = Math.DivRem(cycle, CrystalHertz);
        return (seconds * NanosecondsPerSecond) + (((rest * NanosecondsPerSecond) + CrystalHertz - 1) / CrystalHertz);
    }

    private long Phase(long now) => now - _s.SecondOrigin; // below a second, once accounted

    private void SetWord(int index, ulong value)
    {
        _s.Set(index, (byte)value);
        _s.Set(index + 1, (byte)(value >> 8));
    }

    private void WriteA(byte value)
    {
        bool ran = DividerRuns;
        _s.Set(RtcRegister.A, value);
        if (!ran && DividerRuns)
        {
            // Released from reset, the divider chain makes the first update half a second later.
            _s.SecondOrigin = _clock.Now - (NanosecondsPerSecond / 2);
        }
    }

    // Brings time registers and interrupt flags up to this moment. Flags are set whether or not their interrupt is enabled.
    private void Account()
    {
        long now = _clock.Now;
        if (DividerRuns)
        {
            int cycles = PeriodicCycles;
            if (cycles != 0 && CrystalCycles(Phase(now)) / cycles != CrystalCycles(Phase(_s.CheckedUntil)) / cycles)
            {
                Raise(Periodic);
            }

            long seconds = Phase(now) / NanosecondsPerSecond;
            if (seconds > 0 && Updates)
            {
                Raise(UpdateEnded);
                if (new RtcAlarm(_s).SecondsUntil(RtcCalendar.SecondOfDay(_s)) <= seconds)
                {
                    Raise(Alarm);
                }

                RtcCalendar.Add(ref _s, seconds);
            }

            _s.SecondOrigin += seconds * NanosecondsPerSecond;
        }

        _s.CheckedUntil = now;
    }

    private void Raise(byte flag) => _s.Set(RtcRegister.C, (byte)(_s.Get(RtcRegister.C) | flag));

    private void Update()
    {
        Account();
        FollowPin();
    }

    private void FollowPin()
    {
        _irq.Drive(IsRequesting);
        long next = IsRequesting ? long.MaxValue : NextEnabledEvent();
        if (next == long.MaxValue)
        {
            _deadline.Disarm();
        }
        else
        {
            _deadline.Arm(next);
        }
    }

    private long NextEnabledEvent()
    {
        long next = long.MaxValue;
        if (DividerRuns && (B & Periodic) != 0 && PeriodicCycles is > 0 and int cycles)
        {
            long passed = CrystalCycles(Phase(_s.CheckedUntil)) / cycles;
            next = _s.SecondOrigin + TimeOfCycle((passed + 1) * cycles);
        }

        if (Updates && (B & (Alarm | UpdateEnded)) != 0)
        {
            long seconds = (B & UpdateEnded) != 0 ? 1 : new RtcAlarm(_s).SecondsUntil(RtcCalendar.SecondOfDay(_s));
            if (seconds != long.MaxValue)
            {
                next = Math.Min(next, _s.SecondOrigin + (seconds * NanosecondsPerSecond));
            }
        }

        return next;
    }
}
