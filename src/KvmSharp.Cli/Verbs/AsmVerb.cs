using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp asm "..."</c>: assembles a few instructions, runs them and shows the registers.</summary>
internal static class AsmVerb
{
    private const string Halt = "; hlt";

    public static Verb Create()
    {
        Argument<string> code = new Argument<string>("CODE") { Description = "Instructions in Intel syntax with semicolons between; labels, db, dw and dd too" }.WithoutDashes();
        Option<string> mode = TextOption.Choice("--mode", "16: real mode; 32: flat protected mode", "16", "16", "32");
        var options = new MachineOptions();
        var verb = new Verb("asm", "Assemble a few instructions at 7C00h, run them, and show the registers. A HLT follows the last one.")
        {
            Examples =
            [
                ("kvmsharp asm \"mov al,65; out 0xE9,al; hlt\"", "prints A through the debug console, then the registers"),
                ("kvmsharp asm \"mov cx,10; xor ax,ax; again: add ax,cx; loop again\"", "adds the numbers from 1 to 10"),
                ("kvmsharp asm --mode 32 \"mov eax,1; cpuid\"", "asks the processor for its features"),
                ("kvmsharp asm --max-instructions 100 \"jmp $\"", "ends a loop after 100 instructions, with status 6"),
            ],
        };
        verb.Arguments.Add(code);
        verb.Options.Add(mode);
        options.AddTo(verb);
        verb.SetAction(parsed =>
        {
            int bits = parsed.GetValue(mode) == "32" ? 32 : 16;
            byte[] bytes;
            try
            {
                bytes = new LineAssembler(bits, PcLayout.BootAddress).Assemble(parsed.GetRequiredValue(code) + Halt);
            }
            catch (AssemblyException e)
            {
                StandardStreams.Errors.WriteLine($"kvmsharp: {e.Message}");
                return ExitStatus.Usage;
            }

            var session = new GuestSession(options.Read(parsed), StandardStreams.Errors) { Stopped = machine => RegisterTable.Print(machine.Vcpu, Console.Out) };
            return session.Run(() => new BootSource
            {
                Image = new ImageFile("asm", bytes),
                Format = ImageFormat.Flat,
                Placement = new FlatPlacement { Mode = bits == 32 ? StartMode.Protected32 : StartMode.Real16 },
            });
        });
        return verb;
    }
}
