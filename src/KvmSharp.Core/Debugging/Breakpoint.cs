using KvmSharp.Cpu;

namespace KvmSharp.Debugging;

/// <summary>One armed address breakpoint, the guest's or the embedder's. Intel SDM Vol. 3B, "Debug Address Registers (DR0-DR3)".</summary>
/// <param name="Start">The first linear address or port.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">What it watches.</param>
/// <param name="IsHosts">Whether the embedder set it.</param>
/// <param name="Status">Its bit in DR6: B0 to B3.</param>
internal readonly record struct Breakpoint(ulong Start, uint Length, BreakpointKind Kind, bool IsHosts, uint Status)
{
    private const int FieldsShift = 16;
    private const int FieldBits = 4;
    private const int KindMask = 3;

    /// <summary>Gets the linear page of a data breakpoint; its bytes never cross one.</summary>
    public ulong Page => Start & ~(ulong)Memory.GuestPage.OffsetMask;

    public bool WatchesData => Kind is BreakpointKind.Write or BreakpointKind.ReadWrite;

    public bool Touches(ulong address, uint length) => address - Start < Length || Start - address < length;

    /// <summary>Reads one of the four breakpoints that the guest's registers define.</summary>
    /// <param name="state">The processor's state.</param>
    /// <param name="number">0 to 3.</param>
    /// <param name="breakpoint">The breakpoint.</param>
    /// <returns>Whether it is enabled. R/W = 10b means something with CR4.DE only.</returns>
    public static bool TryDecode(in CpuState state, int number, out Breakpoint breakpoint)
    {
        const ulong Enables = 3; // L and G
        ulong fields = state.Dr7 >> (FieldsShift + (number * FieldBits));
        var kind = (BreakpointKind)(fields & KindMask);
        uint length = kind == BreakpointKind.Execute ? 1 : ((fields >> 2) & 3) switch
        {
            0 => 1u,
            1 => 2u,
            2 => 8u,
            _ => 4u,
        };
        ulong address = number switch
        {
            0 => state.Dr0,
            1 => state.Dr1,
            2 => state.Dr2,
            _ => state.Dr3,
        };
        breakpoint = new Breakpoint(address & ~(ulong)(length - 1), length, kind, IsHosts: false, 1u << number);
        bool meansSomething = kind != BreakpointKind.Port || (state.Cr4 & Cr4.DebuggingExtensions) != 0;
        return meansSomething && ((state.Dr7 >> (number * 2)) & Enables) != 0;
    }

    /// <summary>Gives the bits of DR7 that would arm a breakpoint: G and the fields.</summary>
    /// <param name="breakpoint">The breakpoint.</param>
    /// <param name="number">0 to 3.</param>
    /// <returns>The bits.</returns>
    public static ulong Encode(in HardwareBreakpoint breakpoint, int number)
    {
        ulong length = breakpoint.Length switch
        {
            1 => 0u,
            2 => 1u,
            8 => 2u,
            _ => 3u,
        };
        ulong fields = (ulong)breakpoint.Kind | (length << 2);
        return (fields << (FieldsShift + (number * FieldBits))) | (2UL << (number * 2));
    }
}
