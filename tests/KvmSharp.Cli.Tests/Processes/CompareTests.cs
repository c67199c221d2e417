namespace KvmSharp.Cli.Tests;

public sealed class CompareTests : IDisposable
{
    private const string Loop = "mov cx,1000; again: mov al,cl; out 0E9h,al; loop again; cli; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData]
    [InlineData("--grain", "instruction")]
    [InlineData("--grain", "block")]
    [InlineData("--grain", "100")]
    public void Compare_Guest_IsEqualInBothEngines(params string[] options)
    {
        Cli.Result result = Cli.Run(["compare", _folder.Image(Loop), .. options]);

        result.Status.Should().Be(0, result.Text + result.Errors);
        result.Text.Should().MatchRegex(@"^equal: 3003 instructions compared, \d+\.\d % of them ran translated; the guest ended by Halted\.\s*$");
    }

    [Fact]
    public void Compare_Limit_EndsThereWithStatus0()
    {
        Cli.Result result = Cli.Run("compare", _folder.Image("again: jmp again"), "--max-instructions", "50000");

        result.Status.Should().Be(0, result.Errors);
        result.Text.Should().StartWith("equal: 50000 instructions compared").And.Contain("the limit was reached");
    }

    [Fact]
    public void Compare_Timeout_EndsWithStatus124() =>
        Cli.Run("compare", _folder.Image("again: jmp again"), "--timeout", "500ms").Status.Should().Be(124);

    [Fact]
    public void Compare_Input_ReachesBothMachines()
    {
        string echo = _folder.Image("again: mov dx,3FDh; in al,dx; test al,1; jz again; mov dx,3F8h; in al,dx; out dx,al; cmp al,'Q'; jne again; cli; hlt");
        string input = _folder.Bytes("input.bin", "abcQ"u8.ToArray());

        Cli.Result result = Cli.Run("compare", echo, "--input", input);
        (result.Status, result.Text.Contains("ended by Halted", StringComparison.Ordinal)).Should().Be((0, true), result.Text);
    }

    [Fact]
    public void Compare_Disk_IsNotChanged()
    {
        byte[] before = [.. Enumerable.Repeat((byte)0, 1 << 20)];
        string disk = _folder.Bytes("disk.img", before);

        // One sector at 9000h to LBA 1 of the first disk, through INT 13h.
        string code = "mov ax,301h; mov bx,9000h; mov byte [bx],5Ah; mov cx,2; mov dx,80h; int 13h; cli; hlt";
        Cli.Result result = Cli.Run("compare", _folder.Image(code), "--disk", $"{disk},format=raw", "--max-instructions", "1000000");

        result.Status.Should().Be(0, result.Text + result.Errors);
        File.ReadAllBytes(disk).Should().Equal(before);
    }

    [Theory]
    [InlineData("--grain", "0")]
    [InlineData("--grain", "page")]
    [InlineData("--screen", "text")]
    [InlineData("--engine", "interpreter")]
    [InlineData("--deterministic")]
    public void Compare_OptionThatMakesNoSense_IsAUsageError(params string[] options)
    {
        Cli.Result result = Cli.Run(["compare", _folder.Image(Loop), .. options]);

        result.Status.Should().Be(2);
        result.Errors.Should().Contain(options[0]);
    }

    [Fact]
    public void Compare_DiskWithAnOverlay_IsRefused()
    {
        string disk = _folder.Bytes("disk.img", new byte[1 << 20]);

        Cli.Result result = Cli.Run("compare", "--disk", $"{disk},format=raw,overlay={_folder.File("over.qcow2")}");
        (result.Status, File.Exists(_folder.File("over.qcow2"))).Should().Be((2, false));
    }

    [Fact]
    public void Compare_NothingToBoot_IsAUsageError() => Cli.Run("compare").Status.Should().Be(2);
}
