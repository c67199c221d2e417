namespace KvmSharp.Devices;

/// <summary>A crystal on the virtual clock, exact for all time: no rounding adds up.</summary>
/// <remarks>
/// Tick n comes at the first nanosecond not before its exact time. Both ways split off whole periods of the reduced fraction, so nothing overflows.
/// </remarks>
/// <param name="Ticks">Ticks in a period.</param>
/// <param name="Nanoseconds">The period's length; the two have no common factor.</param>
internal readonly record struct ClockRate(long Ticks, long Nanoseconds)
{
    /// <summary>Gets how many ticks have come by a time.</summary>
    /// <param name="time">Virtual nanoseconds.</param>
    /// <returns>The number of the last tick.</returns>
    public long TickAt(long time)
    {
        (long periods, long rest) = Math.DivRem(time, Nanoseconds);
        return (periods * Ticks) + (rest * Ticks / Nanoseconds);
    }

    /// <summary>Gets the time at which a tick comes.</summary>
    /// <param name="tick">The tick's number.</param>
    /// <returns>Virtual nanoseconds: the smallest time for which <see cref="TickAt"/> gives <paramref name="tick"/>.</returns>
    public long TimeOf(long tick)
    {
        (long periods, long rest) = Math.DivRem(tick, Ticks);
        return (periods * Nanoseconds) + (((rest * Nanoseconds) + Ticks - 1) / Ticks);
    }
}
