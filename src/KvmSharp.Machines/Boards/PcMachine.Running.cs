namespace KvmSharp.Machines;

/// <summary>Runs, their limits, and what ends them.</summary>
public sealed partial class PcMachine
{
    /// <summary>Runs the guest until it stops or a limit is reached. Time stands still between two runs.</summary>
    /// <param name="limits">The limits.</param>
    /// <returns>Why it stopped.</returns>
    /// <exception cref="ImageException">The guest asked for a reset, and the image no longer fits into memory.</exception>
    public MachineStop Run(MachineRunOptions limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArmTimeLimit(limits.MaxVirtualTime);
        bool owns = !_processors.AreParallel && _gate.Own(); // of several vCPUs each would be another to the others
        _hostClock?.Resume();
        try
        {
            var budget = new InstructionBudget(limits.MaxInstructions);
            while (true)
            {
                MachineStop stop = RunUntilStop(limits, budget);
                if (stop.Reason != MachineStopReason.Reset || _options.NoReboot)
                {
                    return stop;
                }

                Reboot();
            }
        }
        finally
        {
            _hostClock?.Pause();
            ArmTimeLimit(null);
            if (owns)
            {
                _gate.Disown();
            }
        }
    }

    /// <summary>
    /// Ends the run with <see cref="MachineStopReason.Requested"/>: right behind the instruction under way when a device or a listener calls it, else within
    /// milliseconds; while the machine stands still, the next run ends at once. May be called from any thread at any time.
    /// </summary>
    public void RequestStop() => Request(MachineStopReason.Requested, SystemEventType.Shutdown);

    /// <summary>Takes what a device asked for, behind the system event that it raised.</summary>
    /// <returns>The stop; <see langword="null"/> when it has been taken already.</returns>
    internal MachineStop? TakeRequest() => Interlocked.Exchange(ref _requested, null);

    private MachineStop RunUntilStop(MachineRunOptions limits, InstructionBudget budget)
    {
        var verdicts = new ExitVerdicts(this, limits.Cancellation);
        return _processors.AreParallel
            ? new ParallelRun(_processors, verdicts, budget, limits.Cancellation) { Held = limits.Held }.Run()
            : new SequentialRun(_processors, verdicts, budget, limits.Cancellation).Run();
    }

    // Any thread, without the lock: a listener may call it. The guest's first request counts, before any of the host's; the guest is stopped right behind
    // the instruction.
    private void Request(MachineStopReason reason, SystemEventType type, int status = 0, string? explanation = null)
    {
        var made = new MachineStop { Reason = reason, DebugExitStatus = status, Explanation = explanation };
        MachineStop? seen = Volatile.Read(ref _requested);
        while (seen is null || (IsHosts(seen.Reason) && !IsHosts(reason)))
        {
            MachineStop? found = Interlocked.CompareExchange(ref _requested, made, seen);
            if (found == seen)
            {
                break;
            }

            seen = found;
        }

        _vm.RaiseSystemEvent(type);
    }

    private static bool IsHosts(MachineStopReason reason) => reason is MachineStopReason.Requested or MachineStopReason.Budget;

    private void ArmTimeLimit(TimeSpan? limit)
    {
        if (limit is null && !_timeLimit.IsArmed)
        {
            return;
        }

        using (_gate.Enter())
        {
            if (limit is { } time)
            {
                _timeLimit.Arm(Now + (Math.Max(time.Ticks, 0) * TimeSpan.NanosecondsPerTick));
            }
            else
            {
                _timeLimit.Disarm();
            }
        }
    }
}
