
namespace KvmSharp;

/// <summary>Runs the vCPUs of a machine by turns on one thread, so that the same machine makes the same run every time.</summary>
/// <remarks>
/// A turn is a fixed count of instructions; it ends early when the vCPU halts or waits for a start-up IPI. Order: that of creation. With an
/// <see cref="InstructionClock"/> time is the sum of all instructions, deadlines come exactly at their count, and when all vCPUs are halted
/// it jumps to the next one. Where a run ends, by budget or by an exit, changes nothing: the turn goes on behind it. KVM has no such thing.
/// One thread at a time; vCPUs under it are not run otherwise.
/// </remarks>
public sealed class VcpuTurns
{
    /// <summary>The instructions of one turn, unless told otherwise.</summary>
    public const ulong DefaultSlice = 10_000;

    private readonly VirtualMachine _vm;
    private readonly ulong _slice;
    private int _current;
    private ulong _left;

    /// <summary>Initializes a new instance of the <see cref="VcpuTurns"/> class for the vCPUs that the machine has now.</summary>
    /// <param name="vm">The machine.</param>
    /// <param name="slice">The instructions of one turn.</param>
    public VcpuTurns(VirtualMachine vm, ulong slice = DefaultSlice)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentOutOfRangeException.ThrowIfZero(slice);
        ArgumentOutOfRangeException.ThrowIfZero(vm.Vcpus.Count);
        (_vm, _slice, _left) = (vm, slice, slice);
        foreach (VirtualCpu vcpu in vm.Vcpus)
        {
            vcpu.Engine.TakesTurns = true;
        }
    }

    /// <summary>Gets the vCPU whose turn it is: the one that an exit belongs to.</summary>
    public VirtualCpu Current => _vm.Vcpus[_current];

    /// <summary>Begins anew with the first vCPU, as behind a reset of all.</summary>
    public void Restart() => Begin(0);

    /// <summary>Runs until an exit of any vCPU.</summary>
    /// <param name="maxInstructions">The most instructions that all together retire; the run ends exactly there.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The exit. <see cref="VmExitReason.Hlt"/> means that all are halted and nothing will wake any of them.</returns>
    public VmExit Run(ulong maxInstructions = ulong.MaxValue, CancellationToken cancellation = default)
    {
        int idle = 0; // vCPUs in a row that had nothing to do
        while (true)
        {
            VirtualCpu vcpu = Current;
            _vm.InstructionClock?.HandOver(vcpu.Engine);
            ulong before = vcpu.InstructionsRetired;
            VmExit exit = vcpu.Run(Math.Min(_left, maxInstructions), cancellation);
            ulong retired = vcpu.InstructionsRetired - before;
            _left -= retired;
            maxInstructions -= maxInstructions == ulong.MaxValue ? 0 : retired;
            idle = retired == 0 ? idle : 0;

            if (exit.Reason == VmExitReason.Hlt && vcpu.MpState != MpState.Runnable)
            {
                idle++;
                Begin((_current + 1) % _vm.Vcpus.Count);
                if (idle >= _vm.Vcpus.Count && !TrySkip(ref maxInstructions))
                {
                    vcpu.Engine.Statistics.Count(VmExitReason.Hlt);
                    return exit;
                }
            }
            else if (exit.InterruptCause != InterruptCause.Budget)
            {
                return exit;
            }
            else if (_left == 0)
            {
                Begin((_current + 1) % _vm.Vcpus.Count);
            }

            if (maxInstructions == 0)
            {
                return VmExit.Interrupted(Current.Id, InterruptCause.Budget);
            }
        }
    }

    private bool AllNeedAnother()
    {
        foreach (VirtualCpu vcpu in _vm.Vcpus)
        {
            if (!vcpu.Engine.Loop.NeedsAnother)
            {
                return false;
            }
        }

        return true;
    }

    // Asks all of them: the question serves their timers.
    private bool AnyHasReasonToWake()
    {
        bool wakes = false;
        foreach (VirtualCpu vcpu in _vm.Vcpus)
        {
            wakes |= vcpu.Engine.Loop.HasReasonToWake;
        }

        return wakes;
    }

    private void Begin(int index) => (_current, _left) = (index, _slice);

    // All are halted: time jumps. A deadline that wakes nobody costs an instruction, so that a budget ends this too.
    private bool TrySkip(ref ulong maxInstructions)
    {
        if (AllNeedAnother() || _vm.InstructionClock is not { } clock || !clock.TrySkipToDeadline())
        {
            return false;
        }

        clock.RunDue();
        if (!AnyHasReasonToWake())
        {
            Current.Engine.Loop.CountOne();
            maxInstructions -= maxInstructions == ulong.MaxValue ? 0UL : 1UL;
        }

        return true;
    }
}
