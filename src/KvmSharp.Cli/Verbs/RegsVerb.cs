using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp regs FILE</c>: shows the registers of a machine in a snapshot.</summary>
internal static class RegsVerb
{
    public static Verb Create()
    {
        Argument<string> file = InspectionOptions.Snapshot();
        var verb = new Verb("regs", "Show the registers of every processor in a snapshot, with the hidden parts of the segment registers.")
        {
            Examples = [("kvmsharp regs machine.snapshot", "shows them")],
        };
        verb.Arguments.Add(file);
        verb.SetAction(parsed =>
        {
            using PcMachine machine = SnapshotFiles.Open(InspectionOptions.Existing(parsed.GetRequiredValue(file)));
            foreach (VirtualCpu vcpu in machine.Vcpus)
            {
                if (machine.Vcpus.Count > 1)
                {
                    Console.Out.WriteLine($"{(vcpu.Id > 0 ? Environment.NewLine : string.Empty)}Processor {vcpu.Id}");
                }

                foreach (string line in RegisterListing.Lines(VcpuView.Of(vcpu, machine.Memory)))
                {
                    Console.Out.WriteLine(line);
                }
            }

            return ExitStatus.Success;
        });
        return verb;
    }
}
