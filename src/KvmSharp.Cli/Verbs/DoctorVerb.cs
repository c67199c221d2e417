using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KvmSharp.Machines;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp doctor</c>: tells whether this host can run guests, by trying it.</summary>
internal static class DoctorVerb
{
    private const ulong TrialBudget = 100_000;
    private const string TrialText = "ok";

    public static Verb Create()
    {
        var verb = new Verb("doctor", "Check this host: runtime, memory, the guests that come along, and a trial guest.")
        {
            Examples = [("kvmsharp doctor", "ends with status 0 when all is well, else 70")],
        };
        verb.SetAction(_ => Run());
        return verb;
    }

    private static int Run()
    {
        (string Subject, Func<string> Check)[] checks =
        [
            ("runtime", () => $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            ("processors", () => Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
            ("memory", () => $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB"),
            ("guests", CheckGuests),
            ("terminal", () => RawTerminal.IsAvailable ? "raw mode for the serial port" : "standard input is no terminal: it is passed as it is"),
            ("trial guest", RunTrial),
        ];
        Table table = Tables.New("Check", "", "Found");
        int failures = 0;
        foreach ((string subject, Func<string> check) in checks)
        {
            try
            {
                table.AddRow(subject, "ok", Markup.Escape(check()));
            }
            catch (Exception e) when (e is HostException or KvmException or ImageException or IOException)
            {
                failures++;
                table.AddRow(subject, "FAILED", Markup.Escape(e.Message));
            }
        }

        Tables.On(Console.Out).Write(table);
        return failures == 0 ? ExitStatus.Success : ExitStatus.Host;
    }

    private static string CheckGuests()
    {
        GuestEntry[] guests = GuestCatalog.Read();
        string? missing = guests.Select(g => g.Image).FirstOrDefault(image => !File.Exists(Path.Combine(GuestCatalog.Folder, image)));
        return missing is null ? $"{guests.Length} in {GuestCatalog.Folder}" : throw new HostException($"The image {missing} is missing in {GuestCatalog.Folder}.");
    }

    private static string RunTrial()
    {
        byte[] code = new LineAssembler(16, PcLayout.BootAddress).Assemble("mov si,text; mov cx,2; mov dx,0E9h; cld; rep outsb; hlt; text: db 'ok'");
        var serial = new SerialBuffer();
        using var machine = new PcMachine(new PcOptions { Boot = new BootSource { Image = new ImageFile("trial", code) }, MemoryBytes = 1 << 20, Serial = serial, Deterministic = true });
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = TrialBudget });
        string text = Encoding.ASCII.GetString(serial.Output());
        return stop.Reason == MachineStopReason.Halted && text == TrialText
            ? "ran and said ok"
            : throw new HostException($"A trial guest said '{text}' instead of '{TrialText}' and stopped by {stop.Reason}.");
    }
}
