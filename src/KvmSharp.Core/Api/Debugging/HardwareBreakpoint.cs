namespace KvmSharp;

/// <summary>An address breakpoint of the embedder. It uses none of the guest's debug registers.</summary>
/// <param name="Address">The linear address, or the port; a multiple of <paramref name="Length"/>.</param>
/// <param name="Kind">What it watches.</param>
/// <param name="Length">Bytes watched: 1, 2, 4 or 8; 1 for <see cref="BreakpointKind.Execute"/>, up to 4 for a port.</param>
public readonly record struct HardwareBreakpoint(ulong Address, BreakpointKind Kind = BreakpointKind.Execute, int Length = 1);

/// <summary>What an address breakpoint watches; the numbers are those of the R/W fields of DR7.</summary>
public enum BreakpointKind : byte
{
    /// <summary>The start of an instruction: stops before it.</summary>
    Execute = 0,

    /// <summary>Stores: stops behind the instruction.</summary>
    Write = 1,

    /// <summary>Accesses to ports: stops behind the instruction.</summary>
    Port = 2,

    /// <summary>Loads and stores, not fetches: stops behind the instruction.</summary>
    ReadWrite = 3,
}
