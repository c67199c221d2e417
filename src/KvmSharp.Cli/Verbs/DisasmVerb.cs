using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp disasm FILE [ADDRESS]</c>: shows code of a machine in a snapshot.</summary>
internal static class DisasmVerb
{
    private const int LongestInstruction = 15;
    private const ulong DefaultCount = 16;
    private const ulong MostInstructions = 100_000;

    public static Verb Create()
    {
        Argument<string> file = InspectionOptions.Snapshot();
        Argument<string?> address = new Argument<string?>("ADDRESS") { Description = "A linear address [default: where the processor stands]", Arity = ArgumentArity.ZeroOrOne };
        Option<ulong> count = TextOption.Parsed<ulong>("--count", "N", "Instructions to show", Quantities.TryParseCount, "a number above 0", DefaultCount);
        Option<string> bits = TextOption.Choice("--bits", "How the code is decoded; auto: as the processor would now", "auto", "auto", "16", "32", "64");
        Option<string?> symbols = InspectionOptions.Symbols();
        Option<ulong> vcpu = InspectionOptions.Vcpu();
        var verb = new Verb("disasm", "Disassemble code of a machine in a snapshot.")
        {
            Examples =
            [
                ("kvmsharp disasm machine.snapshot", "shows the instructions where the processor stands"),
                ("kvmsharp disasm machine.snapshot 0x100000 --count 40 --symbols kernel.elf", "shows 40 instructions with the kernel's names"),
            ],
        };
        verb.Arguments.Add(file);
        verb.Arguments.Add(address);
        foreach (Option option in (ReadOnlySpan<Option>)[count, bits, symbols, vcpu])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            string first = parsed.GetRequiredValue(file);
            (string path, ulong? given) = parsed.GetValue(address) is { } second ? InspectionOptions.Sort(first, second) : (InspectionOptions.Existing(first), (ulong?)null);
            SymbolTable? names = InspectionOptions.ReadSymbols(parsed.GetValue(symbols));
            using PcMachine machine = SnapshotFiles.Open(path);
            VirtualCpu cpu = SnapshotFiles.Vcpu(machine, parsed.GetValue(vcpu));
            VcpuView view = VcpuView.Of(cpu, machine.Memory);
            int width = parsed.GetValue(bits) switch
            {
                "16" => 16,
                "32" => 32,
                "64" => 64,
                _ => view.Bits,
            };
            ulong linear = given ?? (view.Bits == 64 ? view.General.Rip : (uint)(view.Special.Cs.Base + view.General.Rip));
            int most = (int)Math.Min(parsed.GetValue(count), MostInstructions);
            var bytes = new byte[most * LongestInstruction];
            int there = LinearMemory.Read(cpu, machine.Memory, linear, bytes);
            foreach (DisassembledInstruction instruction in Disassembler.Decode(bytes.AsMemory(0, there), width, linear, most))
            {
                if (names?.TryFind(instruction.Address, out KvmSharp.Machines.Symbol symbol) == true && symbol.Address == instruction.Address)
                {
                    Console.Out.WriteLine($"{symbol.Name}:");
                }

                Console.Out.WriteLine($"{instruction.Address:X8}  {Convert.ToHexString(instruction.Bytes.Span),-22}  {instruction.Text}");
            }

            if (there == 0)
            {
                Console.Out.WriteLine($"{linear:X8}  (not readable)");
            }

            return ExitStatus.Success;
        });
        return verb;
    }
}
