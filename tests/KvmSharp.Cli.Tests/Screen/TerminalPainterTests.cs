using KvmSharp.Devices;
using KvmSharp.Machines;

namespace KvmSharp.Cli.Tests;

public class TerminalPainterTests
{
    private const ulong Text = 0x1_8000;
    private const int Rows = 25;

    private readonly Vga _vga = new(new StillClock(), new VideoMemory());
    private readonly PcScreen _screen;
    private readonly TerminalPainter _painter = new();

    public TerminalPainterTests()
    {
        _vga.SetTextMode();
        _screen = new PcScreen(new DeviceLock(), _vga);
        Paint();
    }

    private string Paint(int rows = Rows) => _painter.Paint(_screen.ReadText(), "no text", rows);

    private void Put(int column, int row, int cell) => _vga.Aperture.WriteMmio(Text + (ulong)(2 * ((80 * row) + column)), 2, (ulong)cell);

    private void SetCrtc(int register, int value) => _vga.WritePort(0x24, 2, (uint)((value << 8) | register));

    [Fact]
    public void Paint_NothingChanged_SendsNothing() => Paint().Should().BeEmpty();

    [Fact]
    public void Paint_ChangedCells_AreSentWithTheirColorsAndTheCursorGoesBack()
    {
        Put(3, 1, 0x1E41); // yellow on blue
        Put(4, 1, 0x1E42);
        Put(6, 1, 0x9EC4); // the same, blinking: a line
        Paint().Should().Be("\e[2;4H\e[0;93;44mAB\e[2;7H\e[0;93;44;5m─\e[1;1H\e[?25h");
    }

    [Fact]
    public void Paint_CursorOnly_Moves()
    {
        SetCrtc(0x0F, 81);
        Paint().Should().Be("\e[2;2H\e[?25h");
        SetCrtc(0x0A, 0x2D);
        Paint().Should().Be("\e[?25l");
    }

    [Fact]
    public void Paint_LowTerminal_ShowsTheRowsUpToTheCursor()
    {
        Put(0, 24, 0x0758);
        SetCrtc(0x0E, 0x07);
        SetCrtc(0x0F, 0x81); // row 24, column 1
        string sent = Paint(rows: 24);
        sent.Should().StartWith("\e[0m\e[2J").And.EndWith("\e[24;2H\e[?25h").And.NotContain("\e[25;");
    }

    [Fact]
    public void Paint_Graphics_SaysSoOnce()
    {
        _vga.WritePort(0x1E, 2, 0x0506);
        Paint().Should().EndWith("no text");
        Paint().Should().BeEmpty();
        _vga.WritePort(0x1E, 2, 0x0E06);
        Paint().Should().StartWith("\e[0m\e[2J");
    }

    private sealed class StillClock : IVirtualClock
    {
        public long Now => 0;

        public IDeadline CreateDeadline(Action callback) => throw new NotSupportedException();
    }
}
