using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Paints a text mode with the fonts in plane 2, 8 or 9 dots wide. What blinks is painted lit, so that equal screens give equal pictures.</summary>
internal static class TextPainter
{
    private const int Planes = 4;
    private const int FontPlane = 2;
    private const int FontBytesPerCharacter = 32;
    private const int UnderlinedColors = 0x07; // of a monochrome attribute
    private const int Underlined = 0x01;
    private const byte Monochrome = 0x02; // attribute mode control
    private const int FirstLineGraphic = 0xC0;
    private const int LastLineGraphic = 0xDF;

    public static Picture Paint(ScreenCapture capture, in VgaGeometry geometry, VgaColors colors)
    {
        VgaState vga = capture.Vga;
        int mode = vga.AttributeController[VgaAttributeController.ModeControl];
        bool blinks = (mode & VgaAttributeController.Blink) != 0;
        int underline = vga.CrtController[VgaCrtController.UnderlineLocation] & 0x1F;
        (int First, int Second) fonts = Fonts(vga.Sequencer[VgaSequencer.CharacterMapSelect]);
        (int Column, int Row)? cursor = geometry.Cursor();
        int cursorStart = vga.CrtController[VgaCrtController.CursorStart] & 0x1F;
        int cursorEnd = vga.CrtController[VgaCrtController.CursorEnd] & 0x1F;
        int width = geometry.DotsPerCharacter;
        var picture = new Picture(geometry.Columns * width, geometry.Lines);
        for (int y = 0; y < geometry.Lines; y++)
        {
            (int address, int scan) = geometry.Line(y);
            Span<uint> line = picture.Row(y);
            for (int column = 0; column < geometry.Columns; column++)
            {
                ReadOnlySpan<byte> place = capture.Memory[(Planes * geometry.Place(address + column, scan))..];
                (byte code, byte attribute) = (place[0], place[1]);
                TextCell cell = TextCell.From(code, attribute, blinks);
                int font = (attribute & 0x08) != 0 ? fonts.Second : fonts.First;
                int dots = capture.Memory[(Planes * (font + (FontBytesPerCharacter * code) + scan)) + FontPlane] << 1;
                if ((mode & VgaAttributeController.LineGraphics) != 0 && code is >= FirstLineGraphic and <= LastLineGraphic)
                {
                    dots |= dots >> 1 & 1; // the ninth dot repeats the eighth
                }

                bool isCursor = cursor is { } at && at.Column == column && address == geometry.Row(at.Row) && scan >= cursorStart && scan <= cursorEnd;
                bool isUnderlined = (mode & Monochrome) != 0 && (attribute & UnderlinedColors) == Underlined && scan == underline;
                dots = isCursor || isUnderlined ? 0x1FF : dots;
                PaintDots(line.Slice(column * width, width), dots, colors.OfAttribute(cell.Foreground), colors.OfAttribute(cell.Background));
            }
        }

        return picture;
    }

    private static void PaintDots(Span<uint> pixels, int dots, uint foreground, uint background)
    {
        const int LeftDot = 0x100;
        for (int x = 0; x < pixels.Length; x++)
        {
            pixels[x] = (dots & (LeftDot >> x)) != 0 ? foreground : background;
        }
    }

    // Character map select: two numbers of three bits each, whose highest bits lie apart. Attribute bit 3 chooses.
    private static (int First, int Second) Fonts(int select)
    {
        const int Large = 0x4000;
        const int Half = 0x2000;
        return (((select & 3) * Large) + ((select >> 4 & 1) * Half), ((select >> 2 & 3) * Large) + ((select >> 5 & 1) * Half));
    }
}
