namespace KvmSharp.Cli.Tests;

/// <summary>A run that ends with a snapshot and another process that goes on from it are as one run.</summary>
public sealed class SnapshotTests : IDisposable
{
    // Counts in RAM and on the serial port, then halts.
    private const string Counting = "mov cx,2000; mov dx,0x3F8; again: inc word [0x7E00]; mov ax,[0x7E00]; out dx,al; loop again; cli; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("interpreter", 1)]
    [InlineData("interpreter", 4_321)]
    [InlineData("translator", 6_000)]
    [InlineData("auto", 12_345_678)]
    public void Restore_InAnotherProcess_GoesOnAlike(string engine, int split)
    {
        string image = Image();
        string whole = _folder.File("whole.snap");
        string half = _folder.File("half.snap");
        string rest = _folder.File("rest.snap");
        Cli.Result all = Cli.Run("run", image, "--deterministic", "--snapshot-at-exit", whole);
        all.Status.Should().Be(0);

        Cli.Result first = Cli.Run("run", image, "--deterministic", "--engine", engine, "--max-instructions", $"{split}", "--snapshot-at-exit", half);
        first.Status.Should().BeOneOf(0, 6);
        Cli.Result second = Cli.Run("run", "--restore", half, "--engine", engine, "--snapshot-at-exit", rest);

        (second.Status, second.Errors).Should().Be((0, string.Empty));
        first.Output.Concat(second.Output).Should().Equal(all.Output);
        File.ReadAllBytes(rest).Should().Equal(File.ReadAllBytes(whole));
    }

    [Fact]
    public void Restore_ItsOwnFile_ReplacesIt()
    {
        string file = _folder.File("a.snap");
        Cli.Run("run", Image(), "--deterministic", "--max-instructions", "100", "--snapshot-at-exit", file);
        byte[] before = File.ReadAllBytes(file);
        Cli.Run("run", "--restore", file, "--max-instructions", "100", "--snapshot-at-exit", file).Status.Should().Be(6);
        File.ReadAllBytes(file).Should().NotEqual(before);
        Directory.GetFiles(_folder.Root, "*.tmp").Should().BeEmpty();
    }

    [Theory]
    [InlineData("--memory", "4M")]
    [InlineData("--deterministic", null)]
    [InlineData("--disk", "a.img")]
    [InlineData("--kernel", "vmlinuz")]
    [InlineData("--append", "quiet")]
    [InlineData("--mode", "32")]
    public void Restore_WithAnOptionOfTheMachine_IsRefused(string option, string? value)
    {
        string[] given = value is null ? [option] : [option, value];
        Cli.Result result = Cli.Run(["run", "--restore", "any.snap", .. given]);
        result.Status.Should().Be(2);
        result.Errors.Should().Contain($"{option}").And.Contain("snapshot").And.EndWith("--help'.\n");
    }

    [Fact]
    public void Restore_WithAnImage_IsRefused()
    {
        Cli.Result result = Cli.Run("run", "disk.img", "--restore", "any.snap");
        (result.Status, result.Errors).Should().Be((2, "kvmsharp: --restore goes on with the machine of the snapshot: leave the image out. Try 'kvmsharp run --help'.\n"));
    }

    [Fact]
    public void Restore_CutShort_SaysSo()
    {
        string file = _folder.File("a.snap");
        Cli.Run("run", Image(), "--max-instructions", "100", "--snapshot-at-exit", file);
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^100]);
        Cli.Result result = Cli.Run("run", "--restore", file);
        result.Status.Should().Be(66);
        result.Errors.Should().Contain("damaged or was cut short").And.NotContain(" at ");
    }

    [Theory]
    [InlineData("missing.snap", "does not exist")]
    [InlineData(".", "is a directory")]
    public void Restore_NoFile_SaysSo(string file, string message)
    {
        Cli.Result result = Cli.Run("run", "--restore", file);
        result.Status.Should().Be(66);
        result.Errors.Should().Contain(message);
    }

    [Fact]
    public void SnapshotAtExit_WithoutFolder_IsRefusedBeforeTheRun()
    {
        Cli.Result result = Cli.Run("run", Image(), "--snapshot-at-exit", _folder.File("no/where.snap"));
        (result.Status, result.Output.Length).Should().Be((70, 0));
        result.Errors.Should().Contain("no directory");
    }

    private string Image() => _folder.Image(Counting);
}
