using KvmSharp.Conformance.Records;
using KvmSharp.Cpu;

namespace KvmSharp.Conformance.Replay;

/// <summary>What both replays do with the vCPU: one instruction, and comparing registers.</summary>
internal static unsafe class Stepper
{
    private const int MaxIterations = 1 << 20;

    /// <summary>Makes the vCPU forget what the last record left behind beside its registers.</summary>
    /// <param name="cpu">The vCPU.</param>
    public static void Settle(VirtualCpu cpu)
    {
        if (cpu.HasPendingExit)
        {
            cpu.Reset();
        }

        cpu.SetEvents(default);
        cpu.MpState = MpState.Runnable;
    }

    /// <summary>Runs one instruction: an exception's delivery belongs to it, and every iteration of a repeated string instruction.</summary>
    /// <param name="cpu">The vCPU.</param>
    /// <param name="record">The record.</param>
    /// <param name="differences">Receives any exit but the one that ends a step.</param>
    /// <returns>The instructions that the vCPU counted: one for each iteration and one for a delivery.</returns>
    public static ulong Step(VirtualCpu cpu, StepRecord record, List<Difference> differences)
    {
        ref CpuState state = ref cpu.Engine.Cpu->State;
        ulong rip = state.Rip;
        ulong cs = state.Segments[(int)SegmentIndex.Cs].Selector;
        ulong start = cpu.InstructionsRetired;
        bool repeated = record.IsRepeated;
        int left = MaxIterations;
        VmExit exit;
        do
        {
            exit = cpu.Run(1); // an iteration counts as an instruction
        }
        while (repeated && exit.Reason == VmExitReason.Intr && state.Rip == rip && state.Segments[(int)SegmentIndex.Cs].Selector == cs && --left > 0);

        if (exit.Reason != VmExitReason.Intr)
        {
            differences.Add(new Difference("exit", "none", exit.Reason == VmExitReason.InternalError ? $"{exit.InternalError}" : $"{exit.Reason}"));
        }

        return cpu.InstructionsRetired - start;
    }

    /// <summary>Compares registers.</summary>
    /// <param name="record">The record.</param>
    /// <param name="actual">What came out, by <see cref="RegisterSlots"/>.</param>
    /// <param name="ignoredFlags">Flags that the set does not record.</param>
    /// <param name="differences">Receives what differs.</param>
    public static void CompareRegisters(StepRecord record, ReadOnlySpan<ulong> actual, ulong ignoredFlags, List<Difference> differences)
    {
        for (int slot = 0; slot < RegisterSlots.Count; slot++)
        {
            ulong ignored = record.Undefined[slot] | (slot == RegisterSlots.Flags ? ignoredFlags : 0);
            if (((record.Expected[slot] ^ actual[slot]) & ~ignored) != 0)
            {
                differences.Add(Difference.Number(RegisterSlots.NameOf(slot), record.Expected[slot], actual[slot]));
            }
        }
    }
}
