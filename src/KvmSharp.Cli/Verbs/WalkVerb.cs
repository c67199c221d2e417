using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp walk FILE ADDRESS</c>: shows how the page tables in a snapshot translate an address.</summary>
internal static class WalkVerb
{
    public static Verb Create()
    {
        Argument<string> file = InspectionOptions.Snapshot();
        Argument<string> address = InspectionOptions.Address();
        Option<string> access = TextOption.Choice("--access", "What is asked of the page tables", "read", "read", "write", "execute");
        Option<bool> user = TextOption.Flag("--user", "Ask as a program at CPL 3");
        Option<ulong> vcpu = InspectionOptions.Vcpu();
        var verb = new Verb("walk", "Walk the page tables of a machine in a snapshot: each entry with its bits, and which one refuses.")
        {
            Examples =
            [
                ("kvmsharp walk machine.snapshot 0xC0100000", "shows where an address of the kernel lies"),
                ("kvmsharp walk machine.snapshot 0x8048000 --user --access write", "shows whether a program may write there"),
            ],
        };
        verb.Arguments.Add(file);
        verb.Arguments.Add(address);
        foreach (Option option in (ReadOnlySpan<Option>)[access, user, vcpu])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            (string path, ulong linear) = InspectionOptions.Sort(parsed.GetRequiredValue(file), parsed.GetRequiredValue(address));
            using PcMachine machine = SnapshotFiles.Open(path);
            VirtualCpu cpu = SnapshotFiles.Vcpu(machine, parsed.GetValue(vcpu));
            TranslationAccess asked = parsed.GetValue(access) switch
            {
                "write" => TranslationAccess.Write,
                "execute" => TranslationAccess.Execute,
                _ => TranslationAccess.Read,
            };
            asked |= parsed.GetValue(user) ? TranslationAccess.User : 0;
            foreach (string line in PageWalkText.Lines(cpu.Translate(linear, asked), asked, cpu.GetSpecialRegisters()))
            {
                Console.Out.WriteLine(line);
            }

            return ExitStatus.Success;
        });
        return verb;
    }
}
