using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Debugging;

/// <summary>The debugger outside the guest: decides when a run ends with a debug exit. KVM_SET_GUEST_DEBUG.</summary>
internal sealed unsafe class GuestDebugger(VcpuEngine engine)
{
    private const uint StatusOnes = 0xFFFF_0FF0;
    private const uint ControlOnes = 0x0000_0400;

    private readonly CpuContext* _cpu = engine.Cpu;
    private (ulong Linear, ulong Retired)? _reported;
    private uint _control;

    /// <summary>Gets what is asked for; null when nothing is.</summary>
    public GuestDebugOptions? Options { get; private set; }

    /// <summary>Gets the range that the last debug exit was for; null when it was for something else.</summary>
    public WatchedRange? Hit { get; private set; }

    public bool Steps => Options is { SingleStep: true };

    private ulong Linear => _cpu->LinearOfCode(_cpu->State.Rip);

    public void Set(GuestDebugOptions? options)
    {
        Options = options;
        _control = ControlOnes;
        IReadOnlyList<HardwareBreakpoint> breakpoints = options?.HardwareBreakpoints ?? [];
        for (int i = 0; i < breakpoints.Count; i++)
        {
            _control |= (uint)Breakpoint.Encode(breakpoints[i], i);
        }

        engine.Breakpoints.SetHosts(breakpoints, options?.Ranges ?? []);
    }

    /// <summary>Asks behind an instruction, REP iteration or delivered event whether the run ends here.</summary>
    /// <param name="advanced">Whether something was carried out.</param>
    /// <param name="retired">Instructions retired so far: a breakpoint at a place that is told here has been told.</param>
    /// <param name="exit">The exit.</param>
    /// <returns>Whether it ends.</returns>
    public bool TryStopBehind(bool advanced, ulong retired, out VmExit exit)
    {
        uint status = engine.Breakpoints.TakeHostHits();
        status |= advanced && Steps ? (uint)DebugStatus.SingleStep : 0;
        WatchedRange? hit = engine.Breakpoints.TakeRangeHit();
        bool stops = status != 0 || hit is not null;
        if (stops)
        {
            _reported = (Linear, retired);
        }

        exit = stops ? MakeExit(Vector.Debug, Linear, status, hit) : default;
        return stops;
    }

    /// <summary>Asks before an instruction whether the embedder has a breakpoint on it.</summary>
    /// <param name="retired">Instructions retired so far: a breakpoint that was told already is passed.</param>
    /// <param name="exit">The exit.</param>
    /// <returns>Whether the run ends.</returns>
    public bool TryStopBefore(ulong retired, out VmExit exit)
    {
        exit = default;
        ulong linear = Linear;
        uint status = engine.Breakpoints.MatchCode(linear, hosts: true);
        bool inRange = engine.Breakpoints.MatchesRange(linear);
        if ((status == 0 && !inRange) || _reported == (linear, retired))
        {
            return false;
        }

        _reported = (linear, retired);
        exit = MakeExit(Vector.Debug, linear, status, inRange ? WatchedRange.Code(linear) : null);
        return true;
    }

    /// <summary>A repeated string instruction stays where it is after some iterations: its breakpoint was met before the first one.</summary>
    /// <param name="retired">Instructions retired, its iterations so far among them.</param>
    public void PassRepetition(ulong retired)
    {
        if (Options is not null)
        {
            _reported = (Linear, retired);
        }
    }

    /// <summary>INT3 asks whether it is the embedder's.</summary>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether the run ends instead.</returns>
    public bool TryCatchBreakpoint(MicroOp* op)
    {
        if (Options is not { SoftwareBreakpoints: true })
        {
            return false;
        }

        ulong linear = _cpu->LinearOfCode((_cpu->State.Rip + op->Offset) & _cpu->LinearMask);
        engine.Loop.StopWith(MakeExit(Vector.Breakpoint, linear, 0));
        return true;
    }

    private VmExit MakeExit(Vector vector, ulong linear, uint status, WatchedRange? hit = null)
    {
        Hit = hit;
        engine.Statistics.Count(VmExitReason.Debug);
        return VmExit.Debug(engine.Id, (byte)vector, linear, status | StatusOnes, _control);
    }
}
