using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp explain FILE [EVENT]</c>: tells in words what happened, and why.</summary>
internal static class ExplainVerb
{
    public static Verb Create()
    {
        Argument<string> file = new Argument<string>("FILE") { Description = "A trace (--trace-format jsonl) or a snapshot" }.WithoutDashes();
        var number = new Argument<long?>("EVENT") { Description = "The event's number (seq) in a trace [default: the last exit, fault or halt]", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> symbols = InspectionOptions.Symbols();
        Option<ulong> vcpu = InspectionOptions.Vcpu();
        var verb = new Verb("explain", "Explain an exit, fault or halt of a trace, or where a snapshot stands: instruction, mode, page walk, descriptor, device register, and what KVM and VT-x would have told.")
        {
            Examples =
            [
                ("kvmsharp run kernel.elf --trace events --trace-format jsonl --trace-file run.jsonl", "writes a trace"),
                ("kvmsharp explain run.jsonl", "explains its last exit, fault or halt"),
                ("kvmsharp explain run.jsonl 48 --symbols kernel.elf", "explains event 48, with the kernel's names"),
                ("kvmsharp explain machine.snapshot", "explains where the machine in a snapshot stands, and what its next instruction leads to"),
            ],
        };
        verb.Arguments.Add(file);
        verb.Arguments.Add(number);
        verb.Options.Add(symbols);
        verb.Options.Add(vcpu);
        verb.SetAction(parsed =>
        {
            var explainer = new Explainer(InspectionOptions.ReadSymbols(parsed.GetValue(symbols)));
            string path = InspectionOptions.Existing(parsed.GetRequiredValue(file));
            if (TraceFile.IsTrace(path))
            {
                (TraceRecord record, IReadOnlyList<TraceRecord> before) = TraceFile.Find(path, parsed.GetValue(number));
                explainer.Explain(record, before).Print(Console.Out);
                return ExitStatus.Success;
            }

            using PcMachine machine = SnapshotFiles.Open(path);
            var standing = new StandingMachine(explainer, machine, SnapshotFiles.Vcpu(machine, parsed.GetValue(vcpu)));
            standing.Explain().Print(Console.Out);
            if (standing.ExplainNext() is { } next)
            {
                Console.Out.WriteLine();
                Console.Out.WriteLine("What the next instruction leads to:");
                next.Print(Console.Out);
            }

            return ExitStatus.Success;
        });
        return verb;
    }
}
