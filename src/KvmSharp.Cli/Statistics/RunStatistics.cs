using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The figures of a run.</summary>
/// <param name="Stop">Why it ended.</param>
/// <param name="Instructions">Instructions retired.</param>
/// <param name="Elapsed">The host's time in the run.</param>
/// <param name="VirtualTime">The guest's time.</param>
/// <param name="Exits">Exits by reason.</param>
/// <param name="Ports">Exits by port.</param>
/// <param name="Engine">What the engine did.</param>
internal sealed record RunStatistics(
    MachineStopReason Stop,
    ulong Instructions,
    TimeSpan Elapsed,
    TimeSpan VirtualTime,
    IReadOnlyList<KeyValuePair<VmExitReason, long>> Exits,
    IReadOnlyList<KeyValuePair<ushort, long>> Ports,
    EngineStatistics Engine)
{
    private const double NanosecondsPerTick = 100;

    /// <summary>Gets millions of instructions per second of the host's time.</summary>
    public double Mips => Elapsed > TimeSpan.Zero ? Instructions / Elapsed.TotalMicroseconds : 0;

    public static RunStatistics Collect(PcMachine machine, MachineStop stop, TimeSpan elapsed, ulong instructionsBefore = 0) => new(
        stop.Reason,
        machine.InstructionsRetired - instructionsBefore,
        elapsed,
        TimeSpan.FromTicks((long)(machine.Now / NanosecondsPerTick)),
        [.. from reason in Enum.GetValues<VmExitReason>()
            let count = machine.Vcpus.Sum(vcpu => (long)vcpu.Statistics.ExitsOf(reason))
            where count != 0
            select KeyValuePair.Create(reason, count)],
        [.. machine.PortCounters.ByPort()],
        EngineStatistics.Collect(machine.Vcpus));

    public void Print(TextWriter writer, bool json)
    {
        if (json)
        {
            StatisticsJson.Print(this, writer);
        }
        else
        {
            StatisticsTable.Print(this, writer);
        }
    }
}
