namespace KvmSharp.Cli.Tests;

public sealed class TerminalTests : IDisposable
{
    private const char EndOfTransmission = '\u0004'; // Ctrl-D

    // Shows a prompt, sends back each byte that comes, and powers off at Ctrl-D.
    private const string Echo =
        "mov dx,3F8h; mov al,'>'; out dx,al; again: mov dx,3FDh; in al,dx; test al,1; jz again; mov dx,3F8h; in al,dx; cmp al,4; je done; out dx,al; jmp again; "
        + "done: mov dx,604h; mov ax,2000h; out dx,ax; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [OnTerminalFact]
    public void Serial_PastedPage_ArrivesWhole()
    {
        string page = string.Concat(Enumerable.Range(0, 2048).Select(i => (char)('!' + (i % 90))));
        (int status, string output) = Run(page + EndOfTransmission);
        status.Should().Be(0, output);
        output.Should().Be(">" + page);
    }

    [OnTerminalFact]
    public void Serial_ControlCAndTheEscapedControlA_GoToTheGuest()
    {
        (int status, string output) = Run($"a\u0003b\u0001ac\u0001\u0001d{EndOfTransmission}");
        status.Should().Be(0, output);
        output.Should().Be(">a\u0003b\u0001c\u0001d");
    }

    [OnTerminalFact]
    public void Serial_ControlAh_TellsTheEscapes()
    {
        (int status, string output) = Run($"\u0001hz{EndOfTransmission}");
        status.Should().Be(0, output);
        output.Should().Contain("Ctrl-A x  quit\r\n").And.Contain("Ctrl-A a  send Ctrl-A\r\n").And.Contain("z");
    }

    [OnTerminalFact]
    public void Serial_ControlAx_QuitsWithTheTerminalAsItWas()
    {
        string before = _folder.File("before");
        string after = _folder.File("after");
        (int status, string output) = Terminal.Run($"stty -g >'{before}'; {RunEcho}; code=$?; stty -g >'{after}'; exit $code", ">", "ab\u0001x");
        status.Should().Be(130, output);
        File.ReadAllText(after).Should().NotBeEmpty().And.Be(File.ReadAllText(before));
    }

    private string RunEcho => $"{Terminal.Command} run '{_folder.Image(Echo)}' --timeout 60s";

    private (int Status, string Output) Run(string typed) => Terminal.Run(RunEcho, ">", typed);
}
