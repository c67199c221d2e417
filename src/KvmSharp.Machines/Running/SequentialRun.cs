namespace KvmSharp.Machines;

/// <summary>Runs a machine on the caller's thread until it stops: one processor, or several by turns.</summary>
/// <param name="processors">The processors.</param>
/// <param name="verdicts">What exits mean.</param>
/// <param name="budget">The instructions that are left.</param>
/// <param name="cancellation">The token of the run.</param>
internal sealed class SequentialRun(PcProcessors processors, ExitVerdicts verdicts, InstructionBudget budget, CancellationToken cancellation)
{
    private readonly VcpuTurns? _turns = processors.Turns;

    /// <summary>Runs.</summary>
    /// <returns>Why it stopped.</returns>
    public MachineStop Run()
    {
        while (true)
        {
            ulong part = budget.Take(ulong.MaxValue);
            if (part == 0)
            {
                return ExitVerdicts.Stop(MachineStopReason.Budget);
            }

            ulong before = processors.InstructionsRetired;
            VmExit vmExit = RunOnce(part, out VirtualCpu vcpu);
            budget.GiveBack(part, processors.InstructionsRetired - before);
            if (verdicts.Judge(vcpu, vmExit) is { } stop)
            {
                return stop;
            }
        }
    }

    private VmExit RunOnce(ulong most, out VirtualCpu vcpu)
    {
        if (_turns is not null)
        {
            VmExit vmExit = _turns.Run(most, cancellation);
            vcpu = processors.All[vmExit.VcpuId];
            return vmExit;
        }

        vcpu = processors.All[0];
        return vcpu.Run(most, cancellation);
    }
}
