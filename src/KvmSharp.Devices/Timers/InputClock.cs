namespace KvmSharp.Devices;

/// <summary>The PC's timer input of 1,193,182 Hz on the virtual clock, exact for all time: no rounding adds up.</summary>
/// <remarks>Tick n comes at the first nanosecond not before n / 1,193,182 s. Both ways split off whole half seconds, so nothing overflows.</remarks>
internal static class InputClock
{
    // 1,193,182 ticks in 1e9 ns, reduced by their common factor 2.
    private const long Ticks = 596_591;
    private const long Nanoseconds = 500_000_000;

    /// <summary>Gets how many ticks have come by a time.</summary>
    /// <param name="time">Virtual nanoseconds.</param>
    /// <returns>The number of the last tick.</returns>
    public static long TickAt(long time)
    {
        (long halfSeconds, long rest) = Math.DivRem(time, Nanoseconds);
        return (halfSeconds * Ticks) + (rest * Ticks / Nanoseconds);
    }

    /// <summary>Gets the time at which a tick comes.</summary>
    /// <param name="tick">The tick's number.</param>
    /// <returns>Virtual nanoseconds: the smallest time for which <see cref="TickAt"/> gives <paramref name="tick"/>.</returns>
    public static long TimeOf(long tick)
    {
        (long halfSeconds, long rest) = Math.DivRem(tick, Ticks);
        return (halfSeconds * Nanoseconds) + (((rest * Nanoseconds) + Ticks - 1) / Ticks);
    }
}
