using System.Collections.Frozen;

namespace KvmSharp.Machines.Gdb;

/// <summary>The machine as debuggers use it: breakpoints on all processors, and what each of them does on the next run.</summary>
/// <param name="machine">The machine. It stands still while this is used.</param>
internal sealed class GdbTarget(PcMachine machine)
{
    private readonly HashSet<BreakpointKey> _breakpoints = [];
    private readonly Dictionary<int, WatchedRange> _untold = [];
    private GuestDebugOptions? _running;
    private GuestDebugOptions _stepping = new() { SingleStep = true };
    private ResumeRequest? _request;

    public PcMachine Machine => machine;

    public IReadOnlyList<VirtualCpu> Vcpus => machine.Vcpus;

    public LinearMemory Memory { get; } = new(machine.AllMemory);

    /// <summary>Gets the processors that stand still on the next run.</summary>
    public IReadOnlySet<int> Held { get; private set; } = FrozenSet<int>.Empty;

    /// <summary>Gets or sets the registers that connections from now on show; null goes by the processors' mode.</summary>
    public TargetArchitecture? ChosenArchitecture { get; set; }

    /// <summary>Gets the registers that show all which the processors have in their present modes: those of long mode if any is in it.</summary>
    public TargetArchitecture PresentArchitecture =>
        Vcpus.Any(static vcpu => TargetArchitecture.Of(vcpu) == TargetArchitecture.Amd64) ? TargetArchitecture.Amd64 : TargetArchitecture.I386;

    /// <summary>Sets a breakpoint on all processors. One that is there already stays.</summary>
    /// <returns>Whether it means something.</returns>
    public bool TryAdd(in BreakpointKey breakpoint)
    {
        bool isCode = breakpoint.Type is BreakpointType.Software or BreakpointType.Hardware;
        if (!isCode && (breakpoint.Kind == 0 || breakpoint.Kind - 1 > ulong.MaxValue - breakpoint.Address))
        {
            return false;
        }

        _breakpoints.Add(breakpoint);
        return true;
    }

    /// <summary>Takes a breakpoint away, if it is there.</summary>
    public void Remove(in BreakpointKey breakpoint) => _breakpoints.Remove(breakpoint);

    /// <summary>Tells whether the debugger has set a breakpoint of a type.</summary>
    public bool Has(BreakpointType type, ulong address) => _breakpoints.Any(b => b.Type == type && b.Address == address);

    /// <summary>Finds the watchpoint that a range stands for.</summary>
    public BreakpointKey? FindWatchpoint(WatchedRange range)
    {
        foreach (BreakpointKey each in _breakpoints)
        {
            if (each.Type is not (BreakpointType.Software or BreakpointType.Hardware) && each.Range == range)
            {
                return each;
            }
        }

        return null;
    }

    /// <summary>Makes the processors ready for the next run.</summary>
    /// <param name="request">What each of them does.</param>
    /// <exception cref="KvmException">A processor cannot go on.</exception>
    public void Prepare(ResumeRequest request)
    {
        _request = request;
        WatchedRange[] ranges = [.. _breakpoints.Select(static b => b.Range).Distinct()];
        if (!ranges.SequenceEqual(_stepping.Ranges))
        {
            _stepping = new GuestDebugOptions { SingleStep = true, Ranges = ranges };
            _running = ranges.Length == 0 ? null : new GuestDebugOptions { Ranges = ranges };
        }

        Held = request.Actions.Select(static (action, id) => (action, id)).Where(static e => e.action.Kind == ResumeKind.Hold).Select(static e => e.id).ToFrozenSet();
        foreach (VirtualCpu vcpu in Vcpus)
        {
            Set(vcpu, request.Actions[vcpu.Id].Kind == ResumeKind.Step ? _stepping : _running);
        }
    }

    /// <summary>Takes a stop that came together with one which was told, and has not been told itself.</summary>
    /// <param name="exit">The stop.</param>
    /// <returns>Whether there was one, of a processor that is to go on and a breakpoint that is still set.</returns>
    public bool TryTakeUntold(out VmExit exit)
    {
        foreach (VirtualCpu vcpu in Vcpus)
        {
            if (_request!.Actions[vcpu.Id].Kind != ResumeKind.Hold && _untold.Remove(vcpu.Id, out WatchedRange range) && _breakpoints.Any(b => b.Range == range))
            {
                exit = VmExit.Debug(vcpu.Id, exception: 1, vcpu.GetRegisters().Rip, dr6: 0, dr7: 0);
                return true;
            }
        }

        exit = default;
        return false;
    }

    /// <summary>Chooses the stop to tell of; the others that are breakpoints wait for the next run.</summary>
    /// <param name="exits">The debug exits of a run.</param>
    /// <returns>The one to tell; null when each was a step that goes on.</returns>
    public VmExit? Choose(IReadOnlyList<VmExit> exits)
    {
        VmExit? chosen = null;
        foreach (VmExit exit in exits)
        {
            VirtualCpu vcpu = Vcpus[exit.VcpuId];
            bool isBreakpoint = vcpu.GuestDebugHit is not null;
            if (!isBreakpoint && _request!.Actions[exit.VcpuId].StaysIn(vcpu.GetRegisters().Rip) && !_breakpoints.Any(b => b.Range == WatchedRange.Code(exit.ProgramCounter)))
            {
                continue;
            }

            if (chosen is null)
            {
                chosen = exit;
            }
            else if (isBreakpoint)
            {
                _untold[exit.VcpuId] = vcpu.GuestDebugHit!.Value;
            }
        }

        return chosen;
    }

    /// <summary>Takes all breakpoints away and lets all processors go on: nobody debugs any more.</summary>
    public void Clear()
    {
        _breakpoints.Clear();
        _untold.Clear();
        Held = FrozenSet<int>.Empty;
        foreach (VirtualCpu vcpu in Vcpus)
        {
            Set(vcpu, null);
        }
    }

    // An unfinished access is left only by a run that has ended for good.
    private static void Set(VirtualCpu vcpu, GuestDebugOptions? options)
    {
        if (!ReferenceEquals(vcpu.GuestDebug, options) && !vcpu.HasPendingExit)
        {
            vcpu.SetGuestDebug(options);
        }
    }
}
