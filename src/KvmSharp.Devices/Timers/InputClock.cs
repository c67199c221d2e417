namespace KvmSharp.Devices;

/// <summary>The PC's timer input of 1,193,182 Hz on the virtual clock.</summary>
internal static class InputClock
{
    private static readonly ClockRate Rate = new(596_591, 500_000_000); // 1,193,182 ticks in 1e9 ns, reduced by their common factor 2

    /// <inheritdoc cref="ClockRate.TickAt"/>
    public static long TickAt(long time) => Rate.TickAt(time);

    /// <inheritdoc cref="ClockRate.TimeOf"/>
    public static long TimeOf(long tick) => Rate.TimeOf(tick);
}
