using System.Globalization;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary><c>monitor exits</c>.</summary>
internal static class ExitReport
{
    /// <summary>Writes the counters of all processors.</summary>
    public static string Write(PcMachine machine)
    {
        var text = new StringBuilder();
        foreach (VirtualCpu vcpu in machine.Vcpus)
        {
            VcpuStatistics statistics = vcpu.Statistics;
            text.Append(
                CultureInfo.InvariantCulture,
                $"processor {vcpu.Id}: {vcpu.InstructionsRetired} instructions, {statistics.Interrupts} interrupts, {statistics.Exceptions} exceptions\n");
            foreach (VmExitReason reason in Enum.GetValues<VmExitReason>())
            {
                if (statistics.ExitsOf(reason) is > 0 and var count)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {reason,-16} {count,12}\n");
                }
            }
        }

        foreach ((ushort port, long count) in machine.PortCounters.ByPort())
        {
            text.Append(CultureInfo.InvariantCulture, $"port {port:x4}          {count,12}\n");
        }

        return text.ToString();
    }
}
