using System.Diagnostics;

namespace KvmSharp.Cli.Tests;

public sealed class StatusTests : IDisposable
{
    private const string PowerOff = "mov dx,604h; mov ax,2000h; out dx,ax";
    private const string Reset = "mov al,0FEh; out 64h,al; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cli; hlt", 0, null)]
    [InlineData(PowerOff, 0, null)]
    [InlineData("lidt [limit]; int3; limit: dw 0; dd 0", 4, "*triple fault*")]
    [InlineData("mov al,1; out 0F4h,al; hlt", 3, null, "--debug-exit", "on")]
    [InlineData("mov ax,4243h; out 0F4h,ax; hlt", 0x87, null, "--debug-exit", "on")]
    [InlineData("mov al,1; out 0F4h,al; cli; hlt", 0, null)]
    [InlineData("jmp $", 6, "*budget of 1000*", "--max-instructions", "1000")]
    [InlineData("jmp $", 6, "*budget of 1000*", "--max-instructions", "1000", "--deterministic")]
    [InlineData("cli; jmp $", 124, "*time limit*", "--timeout", "50ms")]
    [InlineData("sti; again: hlt; jmp again", 124, "*time limit*", "--timeout", "50ms")]
    [InlineData("sti; hlt", 0, null, "--deterministic")]
    [InlineData(Reset, 0, null, "--no-reboot")]
    [InlineData(Reset, 6, "*budget*", "--max-instructions", "10000")]
    [InlineData("in al,0E0h; hlt", 8, "*read of 1 byte from port E0h*", "--fail-on-unmapped")]
    [InlineData("in al,0E0h; cli; hlt", 0, null)]
    public void Run_Guest_EndsWithItsStatus(string code, int status, string? errors, params string[] options)
    {
        Cli.Result result = Cli.Run(["run", _folder.Image(code), .. options]);

        result.Status.Should().Be(status, result.Errors);
        if (errors is null)
        {
            result.Errors.Should().BeEmpty();
        }
        else
        {
            result.Errors.Should().Match(errors);
        }

        result.Output.Should().BeEmpty();
    }

    [Fact]
    public void Run_JumpIntoUnmappedMemory_SaysWhere()
    {
        Cli.Result result = Cli.Run("asm", "--mode", "32", "mov eax,0F0000000h; jmp eax");

        result.Status.Should().Be(8);
        result.Errors.Should().Match("*without memory*0008:F0000000*");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run", "--bogus")]
    [InlineData("run", "a.img", "b.img")]
    [InlineData("run", "a.img", "-q")]
    [InlineData("run", "a.img", "--kernel", "b.elf")]
    [InlineData("run", "--initrd", "c.gz")]
    [InlineData("run", "a.img", "--memory", "0")]
    [InlineData("run", "a.img", "--memory", "4097")]
    [InlineData("run", "a.img", "--memory", "64Q")]
    [InlineData("run", "a.img", "--memory", "999999999G")]
    [InlineData("run", "a.img", "--cpus", "9")]
    [InlineData("run", "a.img", "--cpus", "2", "--apic", "off")]
    [InlineData("run", "a.img", "--cpus", "2", "--cpu", "486")]
    [InlineData("run", "a.img", "--apic", "maybe")]
    [InlineData("run", "a.img", "--timeout", "5")]
    [InlineData("run", "a.img", "--max-instructions", "0")]
    [InlineData("run", "a.img", "--serial", "tcp")]
    [InlineData("run", "a.img", "--engine", "fast")]
    [InlineData("run", "a.img", "--trace", "exits,everything")]
    [InlineData("run", "a.img", "--format", "elf", "--entry", "0x7C00")]
    [InlineData("run", "--disk", "a.img", "--append", "quiet")]
    [InlineData("run", "--disk", "a.img", "--module", "b.bin")]
    [InlineData("run", "--disk", "a.img", "--boot", "x")]
    [InlineData("run", "--disk", "a.img,cache=none")]
    [InlineData("run", "--bios", "b.bin", "--initrd", "c.gz")]
    [InlineData("run", "--bios", "b.bin", "--kernel", "vmlinuz")]
    [InlineData("run", "--option-rom", "b.bin", "a.img")]
    [InlineData("asm", "bogus ax")]
    [InlineData("guests", "run", "no-such-guest")]
    [InlineData("guests")]
    [InlineData("completion", "tcsh")]
    [InlineData]
    public void Usage_Wrong_IsStatus2WithOneSentence(params string[] args)
    {
        Cli.Result result = Cli.Run(args);

        result.Status.Should().Be(2);
        result.Errors.Should().StartWith("kvmsharp: ").And.EndWith("\n").And.NotContain("   at ");
        result.Errors.Count(c => c == '\n').Should().Be(1, result.Errors);
        result.Output.Should().BeEmpty();
    }

    [Fact]
    public void Usage_MistypedOption_IsNamedWithTheVerbToAsk()
    {
        string errors = Cli.Run("run", "--memroy", "64M", "a.img").Errors;
        errors.Should().Be("kvmsharp: '--memroy' is no option of this command. For a file of that name write ./--memroy. Try 'kvmsharp run --help'.\n");
    }

    [Theory]
    [InlineData("--kernel")]
    [InlineData("--initrd")]
    [InlineData("--module")]
    [InlineData("--bios")]
    [InlineData("--option-rom")]
    public void Run_MissingFile_IsNamedWithItsOption(string option)
    {
        string there = _folder.Bytes("rom.bin", new byte[64 * 1024]);
        string[] others = option switch
        {
            "--initrd" or "--module" => [_folder.Image("hlt")],
            "--option-rom" => ["--bios", there],
            _ => [],
        };
        Cli.Result result = Cli.Run(["run", .. others, option, _folder.File("missing")]);
        result.Status.Should().Be(66);
        result.Errors.Should().Match($"kvmsharp: {option} *missing does not exist: *.\n");
    }

    [Fact]
    public void Run_HardDiskAsAFloppy_IsRefused()
    {
        Cli.Result result = Cli.Run("run", "--floppy", _folder.Bytes("disk.img", new byte[(5760 + 1) * 512]));
        result.Status.Should().Be(66);
        result.Errors.Should().Match("kvmsharp: *disk.img is no floppy: it has 5761 sectors*Give a hard disk with --disk.\n");
    }

    [Fact]
    public void Run_DiskWithACommandLine_IsRefusedInsteadOfIgnored()
    {
        var disk = new byte[8192];
        (disk[510], disk[511]) = (0x55, 0xAA);
        Cli.Result result = Cli.Run("run", _folder.Bytes("disk.img", disk), "--append", "quiet");
        result.Status.Should().Be(66);
        result.Errors.Should().Contain("disk.img is booted as a disk, which takes no --append");
    }

    [Fact]
    public void Run_ResponseFileName_IsAnImage() => Cli.Run("run", "@nothing").Should().BeEquivalentTo(new { Status = 66 });

    [Fact]
    public void Run_BadImages_AreStatus66()
    {
        string[] images =
        [
            _folder.File("missing.img"),
            _folder.Root,
            _folder.Bytes("empty.img", []),
            _folder.Bytes("large.img", new byte[700 * 1024]),
            _folder.Bytes("truncated.elf", [0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1]),
        ];
        images.Select(image => Cli.Run("run", image).Status).Should().OnlyContain(status => status == 66);
    }

    [Theory]
    [InlineData("--trace-file", "--trace", "exits")]
    [InlineData("--log-file")]
    public void Run_UnwritableFile_IsStatus70(string option, params string[] others)
    {
        Cli.Result result = Cli.Run(["run", _folder.Image("hlt"), option, _folder.File("no/such/folder"), .. others]);
        result.Status.Should().Be(70);
        result.Errors.Should().Contain("cannot be written");
    }

    [Fact]
    public void Run_UnwritableSerialFile_IsStatus70() =>
        Cli.Run("run", _folder.Image("hlt"), "--serial", $"file:{_folder.File("no/such/folder")}").Status.Should().Be(70);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void Run_SpinningGuestAndSignal_EndsWith130(string signal)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // The guest says one byte when it spins, so that the signal does not come before kvmsharp listens.
        using Process process = Cli.Start("run", _folder.Image("cli; mov al,'.'; out 0E9h,al; jmp $"));
        process.StandardOutput.BaseStream.ReadByte().Should().Be('.');
        Cli.Signal(process, signal);

        Cli.Finish(process, Cli.ReadAllAsync(process.StandardOutput.BaseStream), process.StandardError.ReadToEndAsync()).Status.Should().Be(130);
    }

    [Fact]
    public void Run_OutputClosedByItsReader_EndsWith70()
    {
        using Process process = Cli.Start("run", _folder.Image("mov al,'y'; again: out 0E9h,al; jmp again"));
        process.StandardOutput.BaseStream.ReadByte().Should().Be('y');
        process.StandardOutput.Close();

        Cli.Finish(process, Task.FromResult(Array.Empty<byte>()), process.StandardError.ReadToEndAsync()).Status.Should().Be(70);
    }

    [Theory]
    [InlineData(">&-", "hello", 70)] // nowhere to write to: said, not swallowed
    [InlineData("<&-", "hello", 0)]  // no input: no guest minds
    [InlineData("2>&-", "triple", 4)] // nobody reads why: the status still tells
    public void Run_StandardStreamClosed_EndsInOrder(string redirection, string guest, int status)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string command = $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "kvmsharp.dll")}' guests run {guest} {redirection}";
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        shell.ExitCode.Should().Be(status);
    }
}
