namespace KvmSharp.Debugging;

/// <summary>What the embedder may ask of breakpoints: what debug registers could express.</summary>
internal static class BreakpointRules
{
    private const int LargestPortAccess = 4;

    /// <summary>Checks breakpoints.</summary>
    /// <param name="breakpoints">The breakpoints.</param>
    /// <exception cref="KvmException">They are too many, or one is no breakpoint.</exception>
    public static void Check(IReadOnlyList<HardwareBreakpoint> breakpoints)
    {
        if (breakpoints.Count > GuestDebugOptions.MaxHardwareBreakpoints)
        {
            throw KvmException.Invalid($"there are {GuestDebugOptions.MaxHardwareBreakpoints} hardware breakpoints, not {breakpoints.Count}");
        }

        foreach (HardwareBreakpoint breakpoint in breakpoints)
        {
            if (!IsExpressible(breakpoint))
            {
                throw KvmException.Invalid($"{breakpoint} is no hardware breakpoint: lengths are 1, 2, 4 or 8 (execute 1, port up to 4), addresses multiples of them");
            }
        }
    }

    /// <summary>Checks ranges.</summary>
    /// <param name="ranges">The ranges.</param>
    /// <exception cref="KvmException">One of them is empty, wraps, watches nothing, or is no start of an instruction.</exception>
    public static void Check(IReadOnlyList<WatchedRange> ranges)
    {
        foreach (WatchedRange range in ranges)
        {
            bool fits = range.Accesses switch
            {
                WatchedAccess.Execute => range.Length == 1,
                WatchedAccess.Read or WatchedAccess.Write or (WatchedAccess.Read | WatchedAccess.Write) =>
                    range.Length != 0 && range.Length - 1 <= ulong.MaxValue - range.Address,
                _ => false,
            };
            if (!fits)
            {
                throw KvmException.Invalid($"{range} cannot be watched: execute alone and 1 byte, or read and write and a length that does not wrap");
            }
        }
    }

    private static bool IsExpressible(in HardwareBreakpoint breakpoint) =>
        breakpoint.Length is 1 or 2 or 4 or 8
        && (breakpoint.Address & (ulong)(breakpoint.Length - 1)) == 0
        && breakpoint.Kind switch
        {
            BreakpointKind.Execute => breakpoint.Length == 1,
            BreakpointKind.Port => breakpoint.Length <= LargestPortAccess && breakpoint.Address <= ushort.MaxValue,
            BreakpointKind.Write or BreakpointKind.ReadWrite => true,
            _ => false,
        };
}
