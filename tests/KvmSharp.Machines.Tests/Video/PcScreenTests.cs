using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public class PcScreenTests
{
    private const ulong Text = 0x1_8000; // B8000h in the aperture
    private const uint Grey = 0xAAAAAA;
    private const uint Blue = 0x0000AA;

    private readonly VideoMemory _memory = new(16 << 20);
    private readonly BochsDisplay _display;
    private readonly Vga _vga;
    private readonly PcScreen _screen;

    public PcScreenTests()
    {
        _display = new BochsDisplay(_memory);
        _vga = new Vga(new StillClock(), _memory, _display);
        _screen = new PcScreen(new DeviceLock(), _vga, _display);
        _vga.SetTextMode();
    }

    private void Write(int column, int row, string text, byte attribute = 0x07)
    {
        foreach (char character in text)
        {
            _vga.Aperture.WriteMmio(Text + (ulong)(2 * ((80 * row) + column++)), 2, (ulong)((attribute << 8) | character));
        }
    }

    // The ports of the VGA: index at the offset, data behind it.
    private void Set(int port, int register, int value) => _vga.WritePort((ushort)port, 2, (uint)((value << 8) | register));

    private void SetSequencer(int register, int value) => Set(0x14, register, value);

    private void SetGraphics(int register, int value) => Set(0x1E, register, value);

    private void SetCrtc(int register, int value) => Set(0x24, register, value);

    private void SetAttribute(int register, int value)
    {
        _vga.ReadPort(0x2A, 1);
        _vga.WritePort(0x10, 1, (uint)(register | 0x20));
        _vga.WritePort(0x10, 1, (uint)value);
    }

    private void SetDisplay(int register, int value)
    {
        _display.WritePort(0, 2, (uint)register);
        _display.WritePort(1, 2, (uint)value);
    }

    private void SetMode13()
    {
        SetSequencer(1, 0x01);
        SetSequencer(2, 0x0F);
        SetSequencer(4, 0x0E);
        SetGraphics(5, 0x40);
        SetGraphics(6, 0x05);
        SetCrtc(0x11, 0);
        SetCrtc(0x09, 0x41);
        SetCrtc(0x14, 0x40);
        SetAttribute(0x10, 0x41);
    }

    private void SetMode12()
    {
        SetSequencer(1, 0x01);
        SetSequencer(2, 0x0F);
        SetSequencer(4, 0x06);
        SetGraphics(5, 0x00);
        SetGraphics(6, 0x05);
        SetCrtc(0x11, 0);
        SetCrtc(0x07, 0x3E);
        SetCrtc(0x09, 0x40);
        SetCrtc(0x12, 0xDF);
        SetCrtc(0x14, 0x00);
        SetCrtc(0x17, 0xE3);
        SetAttribute(0x10, 0x01);
    }

    [Fact]
    public void IsUntouched_UntilSomethingIsDrawn_IsTrue()
    {
        _screen.IsUntouched.Should().BeTrue();
        _screen.ReadPicture();
        (_screen.IsUntouched, _screen.ReadText().ToString()).Should().Be((true, string.Empty));

        Write(0, 0, "x");
        (_screen.IsUntouched, _screen.ReadText().ToString()).Should().Be((false, "x\n"));

        _vga.SetTextMode();
        (_screen.IsUntouched, _screen.ReadText().ToString()).Should().Be((true, string.Empty));
    }

    [Fact]
    public void Text_Cells_HaveCharactersColorsAndTheCursor()
    {
        Write(0, 0, "Hello");
        Write(78, 24, "\u00C4!", 0x9E);
        SetCrtc(0x0E, 0x00);
        SetCrtc(0x0F, 85);

        TextScreen text = _screen.ReadText();

        (text.Columns, text.Rows, text.Cursor).Should().Be((80, 25, (5, 1)));
        text.Lines[0].Should().Be("Hello");
        text.Lines[24].Should().EndWith(" ─!");
        text[79, 24].Should().Be(new TextCell((byte)'!', 14, 1, Blinks: true));
        text.ToString().Should().StartWith("Hello\n\n").And.EndWith("─!\n");
    }

    [Fact]
    public void Text_BlinkOff_IsABrightBackground()
    {
        SetAttribute(0x10, 0x04);
        Write(0, 0, "x", 0x9E);
        _screen.ReadText()[0, 0].Should().Be(new TextCell((byte)'x', 14, 9, Blinks: false));
    }

    [Fact]
    public void Text_StartAddress_ScrollsTheScreen()
    {
        Write(0, 1, "second");
        SetCrtc(0x0D, 80);
        _screen.ReadText().Lines[0].Should().Be("second");
        _screen.ReadText().Cursor.Should().BeNull("it is above the screen");
    }

    [Fact]
    public void Text_EightLineCharacters_MakeFiftyRows()
    {
        SetCrtc(0x09, 0x47);
        Write(0, 49, "last");
        TextScreen text = _screen.ReadText();
        text.Rows.Should().Be(50);
        text.Lines[49].Should().Be("last");
    }

    [Fact]
    public void Text_FortyColumns_FollowTheRegisters()
    {
        SetCrtc(0x11, 0);
        SetCrtc(0x01, 39);
        SetCrtc(0x13, 20);
        Write(40, 0, "row 1");
        TextScreen text = _screen.ReadText();
        (text.Columns, text.Lines[1]).Should().Be((40, "row 1"));
        _screen.ReadPicture().Width.Should().Be(360);
    }

    [Fact]
    public void Text_DisplayOff_IsEmptyAndBlack()
    {
        Write(0, 0, "x", 0x77);
        SetSequencer(1, 0x20);
        _screen.ReadText().Rows.Should().Be(0);
        _screen.ReadPicture()[0, 0].Should().Be(0u);
        _vga.Reset();
        _screen.ReadText().ToString().Should().BeEmpty();
    }

    [Fact]
    public void Picture_Text_IsPaintedWithTheFontNineDotsWide()
    {
        Write(1, 1, "A─", 0x17);
        _vga.Aperture.WriteMmio(Text + 164, 1, 0xC4);

        Picture picture = _screen.ReadPicture();

        (picture.Width, picture.Height).Should().Be((720, 400));
        for (int y = 0; y < 16; y++)
        {
            for (int x = 0; x < 9; x++)
            {
                bool dot = x < 8 && (VgaFont.Glyphs[(16 * 'A') + y] & (0x80 >> x)) != 0;
                picture[9 + x, 16 + y].Should().Be(dot ? Grey : Blue);
            }
        }

        picture[18 + 8, 16 + 7].Should().Be(Grey, "the ninth dot of a line goes on");
        picture[0, 13].Should().Be(Grey, "the cursor");
        picture[0, 12].Should().Be(0);
    }

    [Fact]
    public void Picture_SecondFont_IsChosenByAttributeBit3()
    {
        SetSequencer(3, 0x04); // first font 0, second font 1 at 16 KiB
        Write(2, 2, "A", 0x0F);
        _memory.Bytes[(4 * (0x4000 + (32 * 'A'))) + 2] = 0x80;
        Picture picture = _screen.ReadPicture();
        (picture[18, 32], picture[19, 32], picture[18, 36]).Should().Be((0xFFFFFF, 0, 0));
    }

    [Fact]
    public void Picture_Mode13_Is320By200In256Colors()
    {
        SetMode13();
        _vga.WritePort(0x18, 1, 200);
        foreach (uint component in (uint[])[63, 32, 1])
        {
            _vga.WritePort(0x19, 1, component);
        }

        _vga.Aperture.WriteMmio((199 * 320) + 319, 1, 200);
        _vga.Aperture.WriteMmio((100 * 320) + 1, 1, 200);

        Picture picture = _screen.ReadPicture();

        (picture.Width, picture.Height).Should().Be((320, 200));
        (picture[319, 199], picture[1, 100], picture[2, 100]).Should().Be((0xFF8204, 0xFF8204, 0));
        _screen.ReadText().Rows.Should().Be(0);
    }

    [Fact]
    public void Picture_Mode12_Is640By480In16Colors()
    {
        SetMode12();
        SetGraphics(8, 0x01);
        SetSequencer(2, 0x0C); // planes 2 and 3: bright red
        _vga.Aperture.WriteMmio((479 * 80) + 79, 1, 0xFF);

        Picture picture = _screen.ReadPicture();

        (picture.Width, picture.Height).Should().Be((640, 480));
        (picture[639, 479], picture[638, 479]).Should().Be((0xFF5555, 0));
    }

    [Theory]
    [InlineData(8, new byte[] { 0x01 }, 0x0000AA)]
    [InlineData(15, new byte[] { 0x00, 0x7C }, 0xFF0000)]
    [InlineData(16, new byte[] { 0xE0, 0x07 }, 0x00FF00)]
    [InlineData(24, new byte[] { 0x33, 0x22, 0x11 }, 0x112233)]
    [InlineData(32, new byte[] { 0x33, 0x22, 0x11, 0xFF }, 0x112233)]
    public void Picture_DisplayInterface_ShowsEachDepth(int bits, byte[] pixel, uint color)
    {
        SetDisplay(1, 800);
        SetDisplay(2, 600);
        SetDisplay(3, bits);
        SetDisplay(4, 0x41);
        int bytes = (bits + 7) / 8;
        pixel.CopyTo(_memory.Bytes[(((599 * 800) + 799) * bytes)..]);

        Picture picture = _screen.ReadPicture();

        (picture.Width, picture.Height, picture[799, 599], picture[798, 599]).Should().Be((800, 600, color, 0));
    }

    [Fact]
    public void Picture_AnyRegisters_IsPaintedWithoutAnError()
    {
        var random = new Random(1);
        for (int round = 0; round < 60; round++)
        {
            for (int i = 0; i < 40; i++)
            {
                SetCrtc(0x11, 0);
                SetCrtc(random.Next(0x19), random.Next(256));
                SetGraphics(random.Next(9), random.Next(256));
                SetSequencer(random.Next(5), random.Next(256) & ~0x20);
                SetAttribute(random.Next(21), random.Next(256));
                SetDisplay(random.Next(11), random.Next(i < 20 ? 65536 : 900));
            }

            _screen.ReadPicture().Width.Should().BePositive();
            _screen.ReadText().Columns.Should().BeGreaterThanOrEqualTo(0);
            SetDisplay(4, 0);
        }
    }

    private sealed class StillClock : IVirtualClock
    {
        public long Now => 0;

        public IDeadline CreateDeadline(Action callback) => throw new NotSupportedException();
    }
}
