namespace KvmSharp.Devices;

/// <summary>The time registers of an MC146818 as a calendar: BCD or binary, 24 or 12 hours, as register B says.</summary>
/// <remarks>
/// What a guest wrote may be no time at all; then each part counts on from the nearest one that is.
/// Source: MC146818 data sheet (Motorola), "Time, Calendar, and Alarm Locations".
/// </remarks>
internal static class RtcCalendar
{
    public const byte Binary = 0x04;  // DM in register B
    public const byte Hours24 = 0x02; // 24/12 in register B
    private const byte Afternoon = 0x80;
    private const int DaysPerWeek = 7;

    /// <summary>Sets all time registers.</summary>
    public static void Set(ref Rtc146818State state, DateTime time)
    {
        Store(ref state, time);
        state.Set(RtcRegister.DayOfWeek, (byte)((int)time.DayOfWeek + 1));
    }

    /// <summary>Moves the time registers on.</summary>
    public static void Add(ref Rtc146818State state, long seconds)
    {
        DateTime time = Read(state);
        long ticks = (long)(((Int128)time.Ticks + ((Int128)seconds * TimeSpan.TicksPerSecond)) % DateTime.MaxValue.Ticks);
        var later = new DateTime(ticks, DateTimeKind.Utc);

        // The day of the week is a counter of its own, right or wrong as the guest set it.
        long midnights = (TimeOfDay(time) + seconds) / TimeSpan.SecondsPerDay;
        int weekday = Math.Clamp((int)state.Get(RtcRegister.DayOfWeek), 1, DaysPerWeek) - 1;
        state.Set(RtcRegister.DayOfWeek, (byte)(((weekday + midnights) % DaysPerWeek) + 1));
        Store(ref state, later);
    }

    /// <summary>Gets the second of the day that the registers show, 0 to 86399.</summary>
    public static int SecondOfDay(in Rtc146818State state) => (int)TimeOfDay(Read(state));

    /// <summary>Gets a number that a time or alarm register holds; one that no time register can hold gives -1.</summary>
    public static int Number(in Rtc146818State state, int register)
    {
        byte format = state.Get(RtcRegister.B);
        byte value = state.Get(register);
        bool isHours = register is RtcRegister.Hours or RtcRegister.HoursAlarm;
        if (!isHours || (format & Hours24) != 0)
        {
            return Decode(value, format);
        }

        int hour = Decode((byte)(value & ~Afternoon), format);
        return hour is < 1 or > 12 ? -1 : (hour % 12) + ((value & Afternoon) != 0 ? 12 : 0);
    }

    private static long TimeOfDay(DateTime time) => time.TimeOfDay.Ticks / TimeSpan.TicksPerSecond;

    private static DateTime Read(in Rtc146818State state)
    {
        int Part(in Rtc146818State s, int register, int least, int most) => Math.Clamp(Number(s, register), least, most);
        int year = Math.Max(1, (Part(state, RtcRegister.Century, 0, 99) * 100) + Part(state, RtcRegister.Year, 0, 99));
        int month = Part(state, RtcRegister.Month, 1, 12);
        int day = Part(state, RtcRegister.DayOfMonth, 1, DateTime.DaysInMonth(year, month));
        int hour = Part(state, RtcRegister.Hours, 0, 23);
        return new DateTime(year, month, day, hour, Part(state, RtcRegister.Minutes, 0, 59), Part(state, RtcRegister.Seconds, 0, 59), DateTimeKind.Utc);
    }

    private static void Store(ref Rtc146818State state, DateTime time)
    {
        byte format = state.Get(RtcRegister.B);
        int hour = time.Hour;
        byte afternoon = 0;
        if ((format & Hours24) == 0)
        {
            afternoon = hour >= 12 ? Afternoon : (byte)0;
            hour = hour % 12 == 0 ? 12 : hour % 12;
        }

        state.Set(RtcRegister.Seconds, Encode(time.Second, format));
        state.Set(RtcRegister.Minutes, Encode(time.Minute, format));
        state.Set(RtcRegister.Hours, (byte)(Encode(hour, format) | afternoon));
        state.Set(RtcRegister.DayOfMonth, Encode(time.Day, format));
        state.Set(RtcRegister.Month, Encode(time.Month, format));
        state.Set(RtcRegister.Year, Encode(time.Year % 100, format));
        state.Set(RtcRegister.Century, Encode(time.Year / 100, format));
    }

    private static byte Encode(int value, byte format) => (byte)((format & Binary) != 0 ? value : (value / 10 << 4) | (value % 10));

    private static int Decode(byte value, byte format)
    {
        int high = value >> 4;
        int low = value & 0xF;
        return (format & Binary) != 0 ? value : high > 9 || low > 9 ? -1 : (high * 10) + low;
    }
}
