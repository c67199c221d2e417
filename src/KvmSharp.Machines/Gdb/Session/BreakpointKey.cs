namespace KvmSharp.Machines.Gdb;

/// <summary>A breakpoint or watchpoint as the debugger names it. GDB manual, "z packet".</summary>
/// <param name="Type">Its type.</param>
/// <param name="Address">The linear address.</param>
/// <param name="Kind">Bytes watched; for breakpoints on code a size that means nothing here.</param>
internal readonly record struct BreakpointKey(BreakpointType Type, ulong Address, ulong Kind)
{
    /// <summary>Gets what the engine watches for it. Software breakpoints too are the engine's: INT3 in guest memory could be read by the guest.</summary>
    public WatchedRange Range => Type switch
    {
        BreakpointType.Software or BreakpointType.Hardware => WatchedRange.Code(Address),
        BreakpointType.Write => new WatchedRange(Address, Kind, WatchedAccess.Write),
        BreakpointType.Read => new WatchedRange(Address, Kind, WatchedAccess.Read),
        _ => new WatchedRange(Address, Kind, WatchedAccess.Read | WatchedAccess.Write),
    };
}

/// <summary>Types of breakpoints by the protocol's numbers.</summary>
internal enum BreakpointType
{
    Software = 0,
    Hardware = 1,
    Write = 2,
    Read = 3,
    Access = 4,
}
