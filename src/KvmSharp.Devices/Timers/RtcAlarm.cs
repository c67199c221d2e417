namespace KvmSharp.Devices;

/// <summary>The alarm of an MC146818: each of its three bytes names a number, or any (the two top bits set).</summary>
internal readonly record struct RtcAlarm
{
    private const byte AnyValue = 0xC0;
    private const int Any = -2;
    private const int SecondsPerDay = 86_400;
    private const int SecondsPerHour = 3_600;
    private const int SecondsPerMinute = 60;

    private readonly int _hour;
    private readonly int _minute;
    private readonly int _second;

    public RtcAlarm(in Rtc146818State state)
    {
        _hour = Part(state, RtcRegister.HoursAlarm);
        _minute = Part(state, RtcRegister.MinutesAlarm);
        _second = Part(state, RtcRegister.SecondsAlarm);
    }

    /// <summary>Gets how many seconds after a second of the day the alarm matches next.</summary>
    /// <param name="secondOfDay">The second from which to count; itself it does not match.</param>
    /// <returns>1 to 86400, or <see cref="long.MaxValue"/> when it never matches.</returns>
    public long SecondsUntil(int secondOfDay)
    {
        int ahead = 1;
        while (ahead <= SecondsPerDay)
        {
            int second = (secondOfDay + ahead) % SecondsPerDay;
            if (!Matches(_hour, second / SecondsPerHour))
            {
                ahead += SecondsPerHour - (second % SecondsPerHour);
            }
            else if (!Matches(_minute, second / SecondsPerMinute % 60))
            {
                ahead += SecondsPerMinute - (second % SecondsPerMinute);
            }
            else if (!Matches(_second, second % SecondsPerMinute))
            {
                ahead++;
            }
            else
            {
                return ahead;
            }
        }

        return long.MaxValue;
    }

    private static bool Matches(int wanted, int value) => wanted == Any || wanted == value;

    private static int Part(in Rtc146818State state, int register) =>
        (state.Get(register) & AnyValue) == AnyValue ? Any : RtcCalendar.Number(state, register);
}
