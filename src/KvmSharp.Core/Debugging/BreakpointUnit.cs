using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Debugging;

/// <summary>The address breakpoints of one vCPU: the guest's, from DR0 to DR7, and the embedder's beside them, four of that kind and any number of ranges.</summary>
/// <remarks>
/// Nothing is paid while none is armed. A page with a data breakpoint gets no TLB entry, so each access to it takes the slow path, which
/// asks here. Code in the page of an instruction breakpoint runs one block at a time, and a block with one behind its first instruction one
/// instruction at a time, so that the run loop can ask before each.
/// Accesses that the processor makes itself (descriptors, TSS, page tables, event delivery) are not watched.
/// </remarks>
internal sealed unsafe class BreakpointUnit(VcpuEngine engine)
{
    private const int InRegisters = 4;

    private readonly CpuContext* _cpu = engine.Cpu;
    private Breakpoint[] _armed = [];
    private Breakpoint[] _hosts = [];
    private WatchedRanges _ranges = WatchedRanges.None;

    public bool HasCode { get; private set; }

    /// <summary>Gets a value indicating whether the guest itself has armed an instruction breakpoint.</summary>
    public bool HasGuestCode { get; private set; }

    public bool HasData { get; private set; }

    /// <summary>Gets a value indicating whether there is any breakpoint.</summary>
    public bool IsArmed => HasCode | HasData | HasPorts;

    public bool HasPorts { get; private set; }

    /// <summary>Gets the bits of DR6 for the guest's breakpoints that the instruction under way has met.</summary>
    public uint GuestHits { get; private set; }

    /// <summary>Gets the bits of DR6 for the embedder's breakpoints that have been met and not been told yet.</summary>
    public uint HostHits { get; private set; }

    /// <summary>Gets the embedder's range that has been met and not been told yet.</summary>
    public WatchedRange? RangeHit { get; private set; }

    /// <summary>Sets the embedder's breakpoints.</summary>
    /// <param name="breakpoints">At most four.</param>
    /// <param name="ranges">Any number.</param>
    public void SetHosts(IEnumerable<HardwareBreakpoint> breakpoints, IReadOnlyList<WatchedRange> ranges)
    {
        _hosts = [.. breakpoints.Select((b, i) => new Breakpoint(b.Address, (uint)b.Length, b.Kind, IsHosts: true, 1u << i))];
        if (_ranges.Equals(ranges))
        {
            Update();
            return;
        }

        WatchedRanges old = _ranges;
        _ranges = ranges.Count == 0 ? WatchedRanges.None : new WatchedRanges(ranges);
        if (old.HasData || _ranges.HasData)
        {
            engine.Mmu.Flush(keepGlobal: false); // a range may have any number of pages
        }

        Replace(Decode());
    }

    /// <summary>Derives what is armed anew: DR0 to DR7, CR4.DE or the embedder's breakpoints may have changed.</summary>
    public void Update()
    {
        const ulong AnyEnabled = 0xFF;
        if (_armed.Length == 0 && _hosts.Length == 0 && (_cpu->State.Dr7 & AnyEnabled) == 0)
        {
            return;
        }

        Breakpoint[] armed = Decode();
        if (!_armed.AsSpan().SequenceEqual(armed))
        {
            Replace(armed);
        }
    }

    /// <summary>Tells whether data accesses to a page must be seen.</summary>
    /// <param name="page">The linear address of the page.</param>
    /// <returns>Whether a data breakpoint lies in it.</returns>
    public bool WatchesPage(ulong page)
    {
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            if (breakpoint.WatchesData && breakpoint.Page == page)
            {
                return true;
            }
        }

        return _ranges.HasData && _ranges.TouchData(page);
    }

    /// <summary>Tells whether blocks at an address must be asked for breakpoints.</summary>
    /// <param name="linear">The linear address.</param>
    /// <returns>Whether an instruction breakpoint lies in its page.</returns>
    public bool WatchesCode(ulong linear)
    {
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            if (breakpoint.Kind == BreakpointKind.Execute && (breakpoint.Start ^ linear) < Memory.GuestPage.Size)
            {
                return true;
            }
        }

        return _ranges.HasCodeIn(linear);
    }

    /// <summary>Tells whether a block may not run as a whole.</summary>
    /// <param name="linear">The linear address of its first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>Whether an instruction breakpoint lies in it, behind its first byte.</returns>
    public bool WatchesCode(ulong linear, int length)
    {
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            if (breakpoint.Kind == BreakpointKind.Execute && breakpoint.Start - linear - 1 < (ulong)length - 1)
            {
                return true;
            }
        }

        return _ranges.HasCode && _ranges.HasCodeBehind(linear, length);
    }

    /// <summary>Tells whether the embedder has a range at the start of an instruction.</summary>
    /// <param name="linear">The linear address.</param>
    /// <returns>Whether it has.</returns>
    public bool MatchesRange(ulong linear) => _ranges.HasCodeAt(linear);

    /// <summary>Finds the instruction breakpoints at an address.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="hosts">Whose.</param>
    /// <returns>Their bits in DR6; 0 when there is none.</returns>
    public uint MatchCode(ulong linear, bool hosts)
    {
        uint status = 0;
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            bool matches = breakpoint.Kind == BreakpointKind.Execute && breakpoint.Start == linear && breakpoint.IsHosts == hosts;
            status |= matches ? breakpoint.Status : 0;
        }

        return status;
    }

    /// <summary>An instruction has accessed memory by the slow path.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="write">Whether it stored.</param>
    public void OnData(ulong linear, int length, bool write)
    {
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            bool watches = breakpoint.Kind == BreakpointKind.ReadWrite || (write && breakpoint.Kind == BreakpointKind.Write);
            if (watches && breakpoint.Touches(linear, (uint)length))
            {
                Hit(breakpoint);
            }
        }

        if (_ranges.HasData && RangeHit is null && _ranges.FindData(linear, length, write) is { } range)
        {
            RangeHit = range;
            StopBehind();
        }
    }

    /// <summary>An instruction has accessed a port.</summary>
    /// <param name="port">The first port.</param>
    /// <param name="width">Bytes.</param>
    public void OnPort(ushort port, int width)
    {
        foreach (ref readonly Breakpoint breakpoint in _armed.AsSpan())
        {
            if (breakpoint.Kind == BreakpointKind.Port && breakpoint.Touches(port, (uint)width))
            {
                Hit(breakpoint);
            }
        }
    }

    /// <summary>Takes the guest's hits of an instruction that is complete.</summary>
    /// <returns>Bits for DR6.</returns>
    public uint TakeGuestHits()
    {
        uint hits = GuestHits;
        GuestHits = 0;
        return hits;
    }

    /// <summary>Takes the embedder's hits.</summary>
    /// <returns>Bits as in DR6.</returns>
    public uint TakeHostHits()
    {
        uint hits = HostHits;
        HostHits = 0;
        return hits;
    }

    /// <summary>Takes the embedder's range that was met.</summary>
    /// <returns>The range, or null.</returns>
    public WatchedRange? TakeRangeHit()
    {
        WatchedRange? hit = RangeHit;
        RangeHit = null;
        return hit;
    }

    /// <summary>The instruction did not complete: it runs again, and meets its breakpoints again.</summary>
    public void DropHits()
    {
        GuestHits = 0;
        HostHits = 0;
        RangeHit = null;
    }

    private void Hit(in Breakpoint breakpoint)
    {
        if (breakpoint.IsHosts)
        {
            HostHits |= breakpoint.Status;
        }
        else
        {
            GuestHits |= breakpoint.Status;
        }

        StopBehind();
    }

    // A trap: the run loop must look behind this instruction, be the next one in its block or in another.
    private void StopBehind()
    {
        engine.Loop.BreakAfterCurrent();
        engine.Requests.Raise(PendingWork.Step);
    }

    private Breakpoint[] Decode()
    {
        var armed = new List<Breakpoint>(_hosts);
        for (int i = 0; i < InRegisters; i++)
        {
            if (Breakpoint.TryDecode(_cpu->State, i, out Breakpoint breakpoint))
            {
                armed.Add(breakpoint);
            }
        }

        return [.. armed];
    }

    private void Replace(Breakpoint[] armed)
    {
        foreach (Breakpoint breakpoint in _armed.Concat(armed).Where(b => b.WatchesData))
        {
            engine.Mmu.FlushPage(breakpoint.Page);
        }

        _armed = armed;
        HasGuestCode = armed.Any(b => b.Kind == BreakpointKind.Execute && !b.IsHosts);
        HasCode = _ranges.HasCode || armed.Any(b => b.Kind == BreakpointKind.Execute);
        HasData = _ranges.HasData || armed.Any(b => b.WatchesData);
        HasPorts = armed.Any(b => b.Kind == BreakpointKind.Port);
        engine.Translator?.ForgetAll(); // a region may lead from page to page by itself
        engine.Code.ForgetTargets(supervisorToo: true); // chains into a watched page pass the run loop from now on
    }
}
