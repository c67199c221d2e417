using System.CommandLine;
using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp mem FILE ADDRESS</c>: shows memory of a machine in a snapshot.</summary>
internal static class MemVerb
{
    private const int PerLine = 16;
    private const ulong DefaultLength = 256;
    private const ulong Longest = 1 << 20;

    public static Verb Create()
    {
        Argument<string> file = InspectionOptions.Snapshot();
        Argument<string> address = InspectionOptions.Address();
        Option<ulong> length = TextOption.Parsed<ulong>("--length", "N", "Bytes to show, at most 1M", Quantities.TryParseWide, "a number of bytes", DefaultLength);
        Option<bool> physical = TextOption.Flag("--physical", "The address is guest-physical: page tables are not asked");
        Option<ulong> vcpu = InspectionOptions.Vcpu();
        var verb = new Verb("mem", "Show memory of a machine in a snapshot as bytes and characters.")
        {
            Examples =
            [
                ("kvmsharp mem machine.snapshot 0x7C00", "shows 256 bytes"),
                ("kvmsharp mem machine.snapshot 0xB8000 --physical --length 4000", "shows the text screen's memory, as far as it is RAM"),
            ],
        };
        verb.Arguments.Add(file);
        verb.Arguments.Add(address);
        foreach (Option option in (ReadOnlySpan<Option>)[length, physical, vcpu])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            (string path, ulong start) = InspectionOptions.Sort(parsed.GetRequiredValue(file), parsed.GetRequiredValue(address));
            using PcMachine machine = SnapshotFiles.Open(path);
            VirtualCpu cpu = SnapshotFiles.Vcpu(machine, parsed.GetValue(vcpu));
            ulong end = start + Math.Min(parsed.GetValue(length), Longest);
            var bytes = new byte[1];
            for (ulong line = start & ~(ulong)(PerLine - 1); line < end; line += PerLine)
            {
                string digits = string.Empty;
                string text = string.Empty;
                for (ulong at = line; at < line + PerLine; at++)
                {
                    bool shown = at >= start && at < end;
                    bool there = shown && (parsed.GetValue(physical) ? machine.Memory.TryRead(at, bytes) : LinearMemory.TryRead(cpu, machine.Memory, at, bytes));
                    digits += !shown ? "   " : there ? $" {bytes[0]:X2}" : " ??";
                    text += !shown ? ' ' : there && bytes[0] is >= 0x20 and < 0x7F ? (char)bytes[0] : '.';
                }

                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line:X8} {digits}  {text}"));
            }

            return ExitStatus.Success;
        });
        return verb;
    }
}
