using System.Collections.Frozen;
using System.Runtime.ExceptionServices;

namespace KvmSharp.Machines;

/// <summary>Runs the processors of a machine at the same time, the first on the caller's thread, until one of them stops the machine.</summary>
/// <remarks>A budget is handed out in small parts, so a run may end a few parts before it is spent to the last instruction, never behind it.</remarks>
/// <param name="processors">The processors.</param>
/// <param name="verdicts">What exits mean.</param>
/// <param name="budget">The instructions that are left.</param>
/// <param name="cancellation">The token of the run.</param>
internal sealed class ParallelRun(PcProcessors processors, ExitVerdicts verdicts, InstructionBudget budget, CancellationToken cancellation)
{
    private const ulong PartOfBudget = 20_000;

    private readonly Lock _gate = new();
    private MachineStop? _stop;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Gets the processors that stand still, by their ids.</summary>
    public IReadOnlySet<int> Held { get; init; } = FrozenSet<int>.Empty;

    /// <summary>Runs.</summary>
    /// <returns>Why it stopped.</returns>
    public MachineStop Run()
    {
        VirtualCpu[] running = [.. processors.All.Where(vcpu => !Held.Contains(vcpu.Id))];
        Thread[] others = [.. running.Skip(1).Select(vcpu => new Thread(() => Carry(vcpu)) { IsBackground = true, Name = $"vCPU {vcpu.Id}" })];
        Array.ForEach(others, static thread => thread.Start());
        Carry(running[0]);
        Array.ForEach(others, static thread => thread.Join());
        _failure?.Throw();
        return _stop!;
    }

    // What fails on any thread fails in the caller's Run, when all have come to rest.
    private void Carry(VirtualCpu vcpu)
    {
        try
        {
            while (Volatile.Read(ref _stop) is null)
            {
                if (Turn(vcpu) is { } stop)
                {
                    End(stop);
                }
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            End(ExitVerdicts.Stop(MachineStopReason.Unsupported));
        }
    }

    private MachineStop? Turn(VirtualCpu vcpu)
    {
        ulong part = budget.Take(PartOfBudget);
        if (part == 0)
        {
            return ExitVerdicts.Stop(MachineStopReason.Budget);
        }

        ulong before = vcpu.InstructionsRetired;
        VmExit vmExit = vcpu.Run(part, cancellation);
        budget.GiveBack(part, vcpu.InstructionsRetired - before);
        return verdicts.Judge(vcpu, vmExit);
    }

    // What ends the machine counts more than what only interrupts the run, and several debug exits count together.
    private void End(MachineStop stop)
    {
        lock (_gate)
        {
            if (_stop is not { } present || (present.IsPause && !stop.IsPause))
            {
                _stop = stop;
            }
            else if (stop.Reason == MachineStopReason.Debug && present.IsPause)
            {
                _stop = stop with { DebugExits = [.. present.DebugExits, .. stop.DebugExits] };
            }
        }

        foreach (VirtualCpu vcpu in processors.All)
        {
            vcpu.Kick();
        }
    }
}
