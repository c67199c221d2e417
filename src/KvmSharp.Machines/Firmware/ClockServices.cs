namespace KvmSharp.Machines;

/// <summary>IRQ 0, which counts 18.2 ticks a second at 40:6C, IRQ 8 with waits and alarms, and the clock's part of INT 1Ah.</summary>
internal sealed class ClockServices(FirmwareBus bus)
{
    private const uint TicksPerDay = 0x1800B0;
    private const ushort SlaveMask = PcLayout.SlavePic + 1;
    private const byte ClockLine = 0x01; // IRQ 8 in the slave's mask
    private const uint PeriodMicroseconds = 976; // 1024 Hz

    private const byte Seconds = 0x00; // registers of the clock chip
    private const byte SecondsAlarm = 0x01;
    private const byte Minutes = 0x02;
    private const byte MinutesAlarm = 0x03;
    private const byte Hours = 0x04;
    private const byte HoursAlarm = 0x05;
    private const byte DayOfMonth = 0x07;
    private const byte Month = 0x08;
    private const byte Year = 0x09;
    private const byte StatusA = 0x0A;
    private const byte StatusB = 0x0B;
    private const byte StatusC = 0x0C;
    private const byte Century = 0x32;

    private const byte SetTime = 0x80;  // bits of B and C
    private const byte Periodic = 0x40;
    private const byte Alarm = 0x20;
    private const byte DaylightSaving = 0x01;

    private const byte WaitOver = 0x80; // bits at 40:A0 and in the caller's byte
    private const byte WaitActive = 0x01;
    private const byte NextAlarm = 0x4A; // see rom.asm

    /// <summary>Sets the tick count from the clock chip, as at power-on.</summary>
    public void SetTicksFromClock()
    {
        uint seconds = (3600u * FromBcd(bus.ReadCmos(Hours))) + (60u * FromBcd(bus.ReadCmos(Minutes))) + FromBcd(bus.ReadCmos(Seconds));
        bus.WriteDword(BiosData.Ticks, (uint)(seconds * (ulong)TicksPerDay / 86_400));
        bus.WriteByte(BiosData.TicksOverflow, 0);
    }

    /// <summary>IRQ 0.</summary>
    public void Tick()
    {
        uint ticks = bus.ReadDword(BiosData.Ticks) + 1;
        if (ticks >= TicksPerDay)
        {
            ticks = 0;
            bus.WriteByte(BiosData.TicksOverflow, 1);
        }

        bus.WriteDword(BiosData.Ticks, ticks);
        byte motor = bus.ReadByte(BiosData.MotorTimeout);
        if (motor != 0)
        {
            bus.WriteByte(BiosData.MotorTimeout, (byte)(motor - 1));
        }
    }

    /// <summary>IRQ 8: AL tells the ROM whether an alarm came.</summary>
    public void OnClockChip(CpuFrame frame)
    {
        int cause = bus.ReadCmos(StatusC) & bus.ReadCmos(StatusB); // reading C lets the line go
        frame.Al = (cause & Alarm) != 0 ? NextAlarm : (byte)0;
        if ((cause & Periodic) == 0)
        {
            return;
        }

        uint left = bus.ReadDword(BiosData.WaitMicroseconds);
        if (left > PeriodMicroseconds)
        {
            bus.WriteDword(BiosData.WaitMicroseconds, left - PeriodMicroseconds);
            return;
        }

        uint pointer = bus.ReadDword(BiosData.WaitPointer);
        uint place = new FarPointer((ushort)(pointer >> 16), (ushort)pointer).Linear;
        EndWait();
        bus.WriteByte(place, (byte)(bus.ReadByte(place) | WaitOver));
    }

    /// <summary>Starts a wait; there is one at a time.</summary>
    /// <param name="microseconds">How long; rounded up to the clock's period.</param>
    /// <param name="place">The byte whose bit 7 is set at its end.</param>
    /// <returns>False when another is under way.</returns>
    public bool TryStartWait(uint microseconds, FarPointer place)
    {
        if ((bus.ReadByte(BiosData.WaitFlags) & WaitActive) != 0)
        {
            return false;
        }

        bus.WriteDword(BiosData.WaitPointer, ((uint)place.Segment << 16) | place.Offset);
        bus.WriteDword(BiosData.WaitMicroseconds, microseconds);
        bus.WriteByte(BiosData.WaitFlags, WaitActive);
        bus.Out(SlaveMask, (byte)(bus.In(SlaveMask) & ~ClockLine));
        bus.WriteCmos(StatusB, (byte)(bus.ReadCmos(StatusB) | Periodic));
        return true;
    }

    /// <summary>Ends a wait before its time, if there is one.</summary>
    public void EndWait()
    {
        bus.WriteCmos(StatusB, (byte)(bus.ReadCmos(StatusB) & ~Periodic));
        bus.WriteByte(BiosData.WaitFlags, 0);
    }

    /// <summary>INT 15h, function 86h: waits for CX:DX microseconds. The byte at 40:A0 is its own sign of the end.</summary>
    public void Wait(CpuFrame frame)
    {
        byte state = bus.ReadByte(BiosData.WaitFlags);
        if ((state & WaitOver) != 0)
        {
            bus.WriteByte(BiosData.WaitFlags, 0);
            frame.Carry = false;
            return;
        }

        // A frame that waits already is one of a wait under way; another caller's wait is refused.
        var ownPlace = new FarPointer(0x40, (ushort)(BiosData.WaitFlags - BiosData.Start));
        bool underWay = (state & WaitActive) != 0 && bus.ReadDword(BiosData.WaitPointer) == (((uint)ownPlace.Segment << 16) | ownPlace.Offset);
        if (underWay || TryStartWait(((uint)frame.Cx << 16) | frame.Dx, ownPlace))
        {
            frame.Wait = true;
        }
        else
        {
            frame.Ah = 0x83;
            frame.Carry = true;
        }
    }

    /// <summary>INT 1Ah, functions 00h to 07h.</summary>
    public void Serve(CpuFrame frame)
    {
        frame.Carry = false;
        switch (frame.Ah)
        {
            case 0x00:
                uint ticks = bus.ReadDword(BiosData.Ticks);
                frame.Cx = (ushort)(ticks >> 16);
                frame.Dx = (ushort)ticks;
                frame.Al = bus.ReadByte(BiosData.TicksOverflow);
                frame.Ah = 0;
                bus.WriteByte(BiosData.TicksOverflow, 0);
                break;
            case 0x01:
                bus.WriteDword(BiosData.Ticks, ((uint)frame.Cx << 16) | frame.Dx);
                bus.WriteByte(BiosData.TicksOverflow, 0);
                frame.Ah = 0;
                break;
            case 0x02:
                frame.Ch = bus.ReadCmos(Hours);
                frame.Cl = bus.ReadCmos(Minutes);
                frame.Dh = bus.ReadCmos(Seconds);
                frame.Dl = (byte)(bus.ReadCmos(StatusB) & DaylightSaving);
                frame.Ax = frame.Ch;
                break;
            case 0x03:
                Set((Hours, frame.Ch), (Minutes, frame.Cl), (Seconds, frame.Dh));
                frame.Ax = 0;
                break;
            case 0x04:
                frame.Ch = bus.ReadCmos(Century);
                frame.Cl = bus.ReadCmos(Year);
                frame.Dh = bus.ReadCmos(Month);
                frame.Dl = bus.ReadCmos(DayOfMonth);
                frame.Ax = frame.Ch;
                break;
            case 0x05:
                Set((Century, frame.Ch), (Year, frame.Cl), (Month, frame.Dh), (DayOfMonth, frame.Dl));
                frame.Ax = 0;
                break;
            case 0x06:
                SetAlarm(frame);
                break;
            case 0x07:
                bus.WriteCmos(StatusB, (byte)(bus.ReadCmos(StatusB) & ~Alarm));
                frame.Ax = 0;
                break;
            default:
                frame.Carry = true;
                break;
        }
    }

    private static uint FromBcd(byte value) => (uint)((10 * (value >> 4)) + (value & 0x0F));

    // The chip stands still while its time is set.
    private void Set(params ReadOnlySpan<(byte Register, byte Value)> values)
    {
        const byte RunningDivider = 0x26; // 32,768 Hz, periodic rate 1024 Hz
        byte running = (byte)(bus.ReadCmos(StatusB) & ~SetTime);
        bus.WriteCmos(StatusA, RunningDivider);
        bus.WriteCmos(StatusB, (byte)(running | SetTime));
        foreach ((byte register, byte value) in values)
        {
            bus.WriteCmos(register, value);
        }

        bus.WriteCmos(StatusB, running);
    }

    private void SetAlarm(CpuFrame frame)
    {
        byte status = bus.ReadCmos(StatusB);
        if ((status & Alarm) != 0)
        {
            frame.Carry = true; // one is set already
            return;
        }

        bus.WriteCmos(HoursAlarm, frame.Ch);
        bus.WriteCmos(MinutesAlarm, frame.Cl);
        bus.WriteCmos(SecondsAlarm, frame.Dh);
        bus.Out(SlaveMask, (byte)(bus.In(SlaveMask) & ~ClockLine));
        bus.WriteCmos(StatusB, (byte)(status | Alarm));
        frame.Ax = 0;
    }
}
