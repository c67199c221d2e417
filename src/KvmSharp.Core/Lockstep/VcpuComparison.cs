using System.Runtime.InteropServices;
using KvmSharp.Cpu;

namespace KvmSharp.Lockstep;

/// <summary>Compares two vCPUs: quickly while they are equal, name by name when they are not.</summary>
internal static class VcpuComparison
{
    /// <summary>Compares all architectural state, and the counts of instructions and delivered events.</summary>
    /// <param name="interpreter">One vCPU, which does not run.</param>
    /// <param name="translator">The other.</param>
    /// <param name="prefix">What stands before names.</param>
    /// <param name="differences">Receives what differs.</param>
    public static void Compare(VirtualCpu interpreter, VirtualCpu translator, string prefix, List<StateDifference> differences)
    {
        if (AreEqual(interpreter, translator))
        {
            return;
        }

        // Bytes between fields mean nothing and may differ: only the listing decides.
        foreach (((string name, string expected), (_, string actual)) in VcpuListing.Of(interpreter).Zip(VcpuListing.Of(translator)))
        {
            if (expected != actual)
            {
                differences.Add(new StateDifference(prefix + name, expected, actual));
            }
        }
    }

    private static bool AreEqual(VirtualCpu a, VirtualCpu b) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<CpuState>(in a.LookAtState())).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<CpuState>(in b.LookAtState())))
        && a.InstructionsRetired == b.InstructionsRetired
        && a.Statistics.Interrupts == b.Statistics.Interrupts
        && a.Statistics.Exceptions == b.Statistics.Exceptions
        && a.HasPendingExit == b.HasPendingExit
        && HasEqualApic(a, b);

    // Machines of one kind either all have local APICs or none has.
    private static bool HasEqualApic(VirtualCpu a, VirtualCpu b) =>
        a.Engine.Apic is null || a.HasPendingExit || a.GetLocalApic() == b.GetLocalApic();
}
