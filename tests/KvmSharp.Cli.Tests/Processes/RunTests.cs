using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace KvmSharp.Cli.Tests;

public sealed class RunTests : IDisposable
{
    private const string SaysHi = "mov al,'h'; out 0E9h,al; mov al,'i'; out 0E9h,al; in al,0E0h; cli; hlt";

    // Echoes until Q, polling the line status.
    private const string Echo = "again: mov dx,3FDh; in al,dx; test al,1; jz again; mov dx,3F8h; in al,dx; out dx,al; cmp al,'Q'; jne again; cli; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_AllDiagnosticsOn_StandardOutputHasOnlyTheGuestsBytes()
    {
        Cli.Result result = Cli.Run("run", _folder.Image(SaysHi), "--stats", "--verbose", "--trace", "exits,instructions,interrupts,unmapped");

        result.Text.Should().Be("hi");
        result.Errors.Should().Contain("exit io write port=e9h width=1 count=1 data=68h")
            .And.Contain("instruction 0000:00007C00 B068")
            .And.Contain("unmapped read of 1 byte from port E0h")
            .And.Contain("MIPS");
    }

    [Fact]
    public void Run_TraceFile_HoldsTheTraceAndStandardErrorNothing()
    {
        Cli.Result result = Cli.Run("run", _folder.Image(SaysHi), "--trace", "unmapped", "--trace-file", _folder.File("trace.txt"));

        result.Errors.Should().BeEmpty();
        File.ReadAllText(_folder.File("trace.txt")).TrimEnd().Should().Be("unmapped read of 1 byte from port E0h");
    }

    [Fact]
    public void Run_TraceInterrupts_NamesExceptionsToo()
    {
        string code = "mov word [0],handler; mov word [2],0; xor cx,cx; div cx; handler: cli; hlt";
        Cli.Run("run", _folder.Image(code), "--trace", "interrupts").Errors.Should().Contain("exception vector=00h");
    }

    [Fact]
    public void Run_StatsAsJson_CountsInstructionsAndPorts()
    {
        Cli.Result result = Cli.Run("run", _folder.Image(SaysHi), "--stats", "--stats-format", "json");

        using JsonDocument stats = JsonDocument.Parse(result.Errors);
        JsonElement root = stats.RootElement;
        root.GetProperty("instructions").GetInt64().Should().Be(7);
        root.GetProperty("exits").GetProperty("Io").GetInt64().Should().Be(3);
        root.GetProperty("ports").GetProperty("E9").GetInt64().Should().Be(2);
        root.GetProperty("stop").GetString().Should().Be("Halted");
    }

    [Theory]
    [InlineData]
    [InlineData("--deterministic")]
    public void Run_PipedInput_ReachesTheGuestByteForByte(params string[] options)
    {
        byte[] input = [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(b => b != 'Q'), (byte)'Q'];

        Cli.Result result = Cli.Run(input, ["run", _folder.Image(Echo), .. options]);

        result.Output.Should().Equal(input, "piped input has no escapes, so Ctrl-A x is two bytes like others");
    }

    [Fact]
    public void Run_InputThatComesLate_ReachesTheGuest()
    {
        using Process process = Cli.Start("run", _folder.Image(Echo));
        process.StandardInput.Write('a');
        process.StandardInput.Flush();
        process.StandardOutput.BaseStream.ReadByte().Should().Be('a', "output is flushed as soon as the guest has sent it");
        process.StandardInput.Write('Q');
        process.StandardInput.Close();

        Cli.Result result = Cli.Finish(process, Cli.ReadAllAsync(process.StandardOutput.BaseStream), process.StandardError.ReadToEndAsync());
        (result.Status, result.Text).Should().Be((0, "Q"));
    }

    [Fact]
    public void Run_EndOfInput_DoesNotEndTheGuest() =>
        Cli.Run("run", _folder.Image(Echo), "--max-instructions", "100000").Status.Should().Be(6);

    [Fact]
    public void Run_SerialToAFile_LeavesStandardOutputEmpty()
    {
        Cli.Result result = Cli.Run("run", _folder.Image(SaysHi), "--serial", $"file:{_folder.File("serial.txt")}");

        result.Output.Should().BeEmpty();
        File.ReadAllText(_folder.File("serial.txt")).Should().Be("hi");
    }

    [Fact]
    public void Run_LargeOutput_ArrivesComplete()
    {
        string code = "mov cx,50000; mov al,'z'; again: out 0E9h,al; loop again; mov cx,50000; more: out 0E9h,al; loop more; cli; hlt";
        Cli.Run("run", _folder.Image(code)).Output.Should().HaveCount(100_000).And.OnlyContain(b => b == 'z');
    }

    [Fact]
    public void Run_DeterministicTwice_GivesTheSameRun()
    {
        string code = "rdtsc; mov dx,0E9h; mov cx,4; again: out dx,al; shr eax,8; loop again; mov al,0; out 70h,al; in al,71h; out dx,al; cli; hlt";
        string image = _folder.Image(code);
        byte[][] outputs = [.. Enumerable.Range(0, 2).Select(_ => Cli.Run("run", image, "--deterministic").Output)];
        outputs[0].Should().HaveCount(5).And.Equal(outputs[1]);
    }

    [Fact]
    public void Run_RtcStart_IsWhatTheClockShows()
    {
        string code = "mov al,9; out 70h,al; in al,71h; out 0E9h,al; mov al,8; out 70h,al; in al,71h; out 0E9h,al; cli; hlt";
        Cli.Run("run", _folder.Image(code), "--rtc-start", "1999-12-31T12:00:00", "--deterministic").Output.Should().Equal(0x99, 0x12);
    }

    [Fact]
    public void Run_LoadAddressAndMode_PlaceAFlatImage()
    {
        string image = _folder.Bytes("flat.bin", new LineAssembler(32, 0x10_0000).Assemble("mov al,[text+1]; out 0E9h,al; cli; hlt; text: db 'ok'"));
        Cli.Run("run", image, "--load-address", "0x100000", "--mode", "32").Text.Should().Be("k");
    }

    [Fact]
    public void Run_Mode64_EntersAFlatImageIn64BitMode()
    {
        // mov rax,'k' with a 64-bit immediate, which only 64-bit code has; out 0E9h,al; cli; hlt
        string image = _folder.Bytes("long.bin", [0x48, 0xB8, (byte)'k', 0, 0, 0, 0, 0, 0, 0, 0xE6, 0xE9, 0xFA, 0xF4]);
        Cli.Run("run", image, "--load-address", "0x100000", "--mode", "64").Text.Should().Be("k");
    }

    [Fact]
    public void Run_LogFile_SaysWhatWasLoaded()
    {
        Cli.Run("run", _folder.Image(SaysHi), "--log-file", _folder.File("log.txt")).Errors.Should().BeEmpty();
        File.ReadAllText(_folder.File("log.txt")).Should().Contain("Loaded").And.Contain("Flat");
    }

    [Fact]
    public void Asm_Program_PrintsGuestBytesThenRegisters()
    {
        Cli.Result result = Cli.Run("asm", "mov al,65; out 0xE9,al; hlt");

        result.Status.Should().Be(0);
        result.Text.Should().StartWith("A\nEAX=00000041").And.Contain("EIP=00007C05");
    }

    [Theory]
    [InlineData("mov al,10; out 0xE9,al", "\nEAX=")]
    [InlineData("mov al,10", "EAX=")]
    public void Asm_GuestHasNoLineOpen_NoneIsEnded(string code, string start) => Cli.Run("asm", code).Text.Should().StartWith(start);

    [Fact]
    public void Guests_HelloFromAnyDirectory_Runs()
    {
        Cli.Result result = Cli.Run("guests", "run", "hello");

        result.Status.Should().Be(0, result.Errors);
        Encoding.ASCII.GetString(result.Output).Should().StartWith("Hello");
    }

    [Fact]
    public void Guests_List_NamesEachWithWhatItShows() =>
        Cli.Run("guests", "list").Text.Should().Contain("hello").And.Contain("boot sector").And.Contain("16M");

    [Fact]
    public void Doctor_HealthyHost_EndsWith0()
    {
        Cli.Result result = Cli.Run("doctor");
        result.Status.Should().Be(0, result.Text);
        result.Text.Should().Contain("trial guest").And.NotContain("FAILED");
    }
}
