using System.Buffers.Binary;

namespace KvmSharp.Cli.Tests;

public sealed class ScreenTests : IDisposable
{
    // Writes a white "K" in the corner of the screen.
    private const string ShowLetter = "mov ax,0B800h; mov ds,ax; mov word [0],0F4Bh; cli; hlt";

    // Shows a white "W", waits for Enter's make code, then shows a green "E" for some frames and powers off.
    private const string WaitForEnter =
        "mov ax,0B800h; mov ds,ax; mov word [0],0F57h; again: in al,64h; test al,1; jz again; in al,60h; cmp al,1Ch; jne again; mov word [2],0A45h; "
        + "mov cx,0; pause1: mov dx,200h; pause2: in al,80h; dec dx; jnz pause2; dec cx; cmp cx,0F000h; jne pause1; mov dx,604h; mov ax,2000h; out dx,ax";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ScreenshotAtExit_TextMode_IsAPngOf720By400()
    {
        string file = Path.Combine(_folder.Root, "screen.png");
        File.WriteAllText(file, "old");

        Cli.Run("run", _folder.Image(ShowLetter), "--screenshot-at-exit", file).Status.Should().Be(0);

        byte[] png = File.ReadAllBytes(file);
        png.Take(8).Should().Equal(0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A);
        (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))).Should().Be((720, 400));
        Directory.GetFiles(_folder.Root, "*.tmp").Should().BeEmpty();
    }

    [Fact]
    public void ScreenshotAtExit_NoSuchDirectory_IsSaidBeforeTheGuestRuns()
    {
        Cli.Result result = Cli.Run("run", _folder.Image("jmp $"), "--screenshot-at-exit", Path.Combine(_folder.Root, "none", "screen.png"));
        result.Status.Should().Be(70);
        result.Errors.Should().Match("kvmsharp: The screenshot cannot be written to *: there is no directory *none. Create it first.\n");
    }

    [Fact]
    public void ScreenshotAtExit_Directory_IsRefused() =>
        Cli.Run("run", _folder.Image("jmp $"), "--screenshot-at-exit", _folder.Root).Errors.Should().Contain("it is a directory");

    [Fact]
    public void ScreenText_OutputIsNoTerminal_IsAnError()
    {
        Cli.Result result = Cli.Run("run", _folder.Image("jmp $"), "--screen", "text");
        result.Status.Should().Be(70);
        result.Errors.Should().Contain("--screen text needs a terminal");
    }

    [OnTerminalFact]
    public void ScreenText_OnATerminal_DrawsTypesAndRestores()
    {
        (int status, string output) = OnTerminal("\r", WaitForEnter);
        status.Should().Be(0, output);
        output.Should().StartWith("\e[?1049h").And.EndWith("\e[?1049l");
        output.Should().Contain("\e[0;97;40mW").And.Contain("\e[0;92;40mE");
    }

    [OnTerminalFact]
    public void ScreenText_ControlAx_QuitsAndRestores()
    {
        (int status, string output) = OnTerminal("\u0001x", "sti; again: hlt; jmp again");
        status.Should().Be(130, output);
        output.Should().EndWith("\e[?1049l");
    }

    // Types once the screen is there.
    private (int Status, string Output) OnTerminal(string typed, string code) =>
        Terminal.Run($"{Terminal.Command} run '{_folder.Image(code)}' --screen text --timeout 60s", marker: "\e[?25h", typed);
}
