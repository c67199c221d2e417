using KvmSharp.Machines;

namespace KvmSharp.Cli.Tests;

public sealed class ExplainTests : IDisposable
{
    private const string Divides = "xor cx,cx; div cx";
    private const string Halts = "mov ax,1234h; mov [9000h],ax; cli; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Explain_Trace_ExplainsTheLastAndAChosenEvent()
    {
        string trace = Trace(Halts);

        Cli.Result last = Cli.Run("explain", trace);
        Cli.Result first = Cli.Run("explain", trace, "0");

        (last.Status, last.Errors, first.Status).Should().Be((0, string.Empty, 0));
        last.Text.Should().StartWith("Event 1: a halt that nothing can end").And.Contain("KVM_EXIT_HLT (5)");
        first.Text.Should().StartWith("Event 0: HLT");
    }

    [Fact]
    public void Trace_Jsonl_EndsWithHashAndCounts()
    {
        string[] lines = File.ReadAllLines(Trace(Halts));
        TraceRecord end = TraceJson.Read(lines[^1], lines.Length);

        (end.IsEnd, end.Reason, end.Events, end.Dropped).Should().Be((true, "Halted", 2, 0));
        end.Hash.Should().NotBe(0);
        File.ReadAllLines(Trace(Halts))[^1].Should().Be(lines[^1]);
        File.ReadAllLines(Trace(Halts, "--engine", "translator"))[^1].Should().Be(lines[^1]);
    }

    [Fact]
    public void Trace_BeyondTheLimit_IsCounted()
    {
        string trace = Trace("again: out 80h,al; jmp again", "--max-instructions", "10000", "--trace-limit", "7");
        string[] lines = File.ReadAllLines(trace);

        lines.Should().HaveCount(8);
        TraceJson.Read(lines[^1], 8).Should().BeEquivalentTo(new { Events = 5000, Dropped = 4993 });
    }

    [Fact]
    public void Trace_Memory_TellsAccessesToTheRange()
    {
        string[] lines = File.ReadAllLines(Trace(Halts, "--trace-memory", "0x9000+2"));
        TraceJson.Read(lines[0], 1).Should().BeEquivalentTo(new { Kind = "memory", Direction = "write", Address = 0x9000UL, Value = 0x1234UL, Width = 2 });
    }

    [Fact]
    public void Run_Explain_ExplainsTheEnd()
    {
        Cli.Result result = Cli.Run("run", _folder.Image("lidt [none]; int3; none: dw 0,0,0"), "--explain", "--deterministic");

        result.Status.Should().Be(4);
        result.Errors.Should().Contain("shutdown (triple fault)").And.Contain("#BP (breakpoint)").And.Contain("IVT entry 8");
    }

    [Fact]
    public void Run_Coverage_WritesReportAndListing()
    {
        string report = _folder.File("cov.xml");
        Cli.Run("run", _folder.Image(Halts), "--coverage", report).Status.Should().Be(0);

        File.ReadAllText(report).Should().Contain("lines-covered=\"4\"").And.Contain("filename=\"cov.lst\"");
        File.ReadAllLines(_folder.File("cov.lst"))[0].Should().Be("4 of 4 instructions executed (100.0 %)");
        Cli.Run("run", _folder.Image(Halts), "--coverage", report, "--coverage-format", "text").Status.Should().Be(0);
        File.ReadAllText(report).Should().MatchRegex(@" 1  00007C00  B83412 +mov ax,1234h");
    }

    [Theory]
    [InlineData("--coverage", "/nowhere/at/all.xml")]
    [InlineData("--symbols", "/nowhere/symbols", "--explain")]
    public void Run_FilesThatAreNotThere_AreOneLine(params string[] options) =>
        Cli.Run(["run", _folder.Image(Halts), .. options]).Errors.TrimEnd().Split('\n').Should().ContainSingle().Which.Should().StartWith("kvmsharp: ");

    [Fact]
    public void Verbs_OnASnapshot_ShowTheMachine()
    {
        string snapshot = Snapshot(Halts);

        Cli.Run("explain", snapshot).Text.Should().Contain("The processor is halted").And.Contain("IF is 0");
        Cli.Run("regs", snapshot).Text.Should().Contain("real mode, CPL 0, halted").And.Contain("EAX=00001234").And.Contain("CS =0000 base=00000000 limit=0000FFFF");
        Cli.Run("mem", snapshot, "0x9000", "--length", "2").Text.Should().StartWith("00009000  34 12");
        Cli.Run("mem", snapshot, "0xB8000", "--physical", "--length", "1").Text.Should().StartWith("000B8000  ??");
        Cli.Run("disasm", snapshot, "0x7C00", "--count", "2").Text.Should().MatchRegex(@"^00007C00  B83412 +mov ax,1234h\r?\n00007C03  A30090 +mov \[9000h\],ax\r?\n$");
        Cli.Run("disasm", snapshot).Text.Should().StartWith("00007C08");
        Cli.Run("walk", snapshot, "0x9000").Text.Should().Contain("Paging is off: linear 9000h is physical 9000h.");
        Cli.Run("walk", "0x9000", snapshot).Text.Should().Contain("Paging is off");
    }

    [Theory]
    [InlineData("lidt [none]; int3; none: dw 0,0,0", "shutdown (triple fault)", "#BP (breakpoint)")]
    [InlineData("mov dx,3FBh; mov al,80h; again: out dx,al; jmp again", "COM1 (16550 UART), LCR", "KVM_EXIT_IO (2)")]
    public void Explain_Snapshot_SaysWhatTheNextInstructionLeadsTo(string code, params string[] parts)
    {
        string snapshot = Snapshot(code, 2);
        Cli.Run("explain", snapshot).Text.Should().Contain("The processor stands between two instructions").And.Contain("What the next instruction leads to:").And.ContainAll(parts);
    }

    [Theory]
    [InlineData("explain", "FILE", "99", "holds no event 99")]
    [InlineData("walk", "FILE", "nonsense", "is no address")]
    [InlineData("regs", "FILE", null, "snapshot")]
    [InlineData("regs", "missing", null, "does not exist")]
    public void Verbs_BadInput_AreOneLine(string verb, string file, string? argument, string message)
    {
        string path = file == "FILE" ? Trace(Halts) : _folder.File(file);
        Cli.Result result = Cli.Run(argument is null ? [verb, path] : [verb, path, argument]);

        result.Status.Should().NotBe(0);
        result.Errors.TrimEnd().Split('\n').Should().ContainSingle().Which.Should().StartWith("kvmsharp: ").And.Contain(message);
    }

    [Fact]
    public void Explain_DamagedTrace_NamesTheLine()
    {
        string trace = Trace(Divides, "--max-instructions", "3");
        File.AppendAllText(trace, "{\"seq\":\n");
        Cli.Run("explain", trace).Errors.Should().MatchRegex(@"^kvmsharp: Line \d+ is no trace record");
    }

    private string Trace(string code, params string[] options)
    {
        string file = _folder.File("trace.jsonl");
        Cli.Run(["run", _folder.Image(code), "--deterministic", "--trace", "halts,exits", "--trace-format", "jsonl", "--trace-file", file, .. options]);
        return file;
    }

    private string Snapshot(string code, ulong instructions = 1000)
    {
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("code", new LineAssembler(16, 0x7C00).Assemble(code)), Format = ImageFormat.Flat },
            MemoryBytes = 1 << 20,
            Deterministic = true,
        });
        machine.Run(new MachineRunOptions { MaxInstructions = instructions });
        machine.Save(_folder.File("machine.snapshot"));
        return _folder.File("machine.snapshot");
    }
}
