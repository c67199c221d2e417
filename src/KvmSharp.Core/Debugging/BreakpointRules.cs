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
