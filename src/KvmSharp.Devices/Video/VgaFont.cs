using System.Globalization;
using System.Text;

namespace KvmSharp.Devices;

/// <summary>Our own 8x16 font for the 256 characters of <see cref="CodePage437"/>.</summary>
/// <remarks>Letters and symbols are strokes in <c>Font8x16.txt</c>; box drawing and blocks come from <see cref="BoxGlyphs"/>.</remarks>
public static class VgaFont
{
    /// <summary>Scan lines of a character.</summary>
    public const int Height = 16;

    private const string Resource = "KvmSharp.Devices.Video.Font8x16.txt";
    private const string StrokeSeparator = " / ";
    private const int AccentRise = 2; // rows, over a capital

    private static readonly Lazy<byte[]> Drawn = new(Draw);

    /// <summary>Gets the glyphs: 16 bytes for each code, top line first, bit 7 is the left dot.</summary>
    public static ReadOnlySpan<byte> Glyphs => Drawn.Value;

    private static byte[] Draw()
    {
        Dictionary<char, string> strokes = ReadStrokes();
        var glyphs = new byte[CodePage437.Characters.Length * Height];
        for (int code = 0; code < CodePage437.Characters.Length; code++)
        {
            char character = CodePage437.Characters[code];
            Span<byte> glyph = glyphs.AsSpan(code * Height, Height);
            if (strokes.TryGetValue(character, out string? lines))
            {
                DrawCharacter(glyph, strokes, lines);
            }
            else
            {
                BoxGlyphs.TryDraw(glyph, character);
            }
        }

        return glyphs;
    }

    // A glyph's line has a space behind its character; every other line is a comment.
    private static Dictionary<char, string> ReadStrokes()
    {
        using Stream stream = typeof(VgaFont).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var strokes = new Dictionary<char, string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 2 && line[1] == ' ')
            {
                strokes.Add(line[0], line[2..]);
            }
        }

        return strokes;
    }

    private static void DrawCharacter(Span<byte> glyph, Dictionary<char, string> strokes, string lines)
    {
        if (lines[0] != '=')
        {
            DrawStrokes(glyph, lines, rise: 0);
            return;
        }

        (char letter, char accent) = (lines[2], lines[4]);
        DrawStrokes(glyph, strokes[letter], rise: 0);
        DrawStrokes(glyph, strokes[accent], char.IsUpper(letter) && accent != '¸' ? AccentRise : 0);
    }

    private static void DrawStrokes(Span<byte> glyph, string lines, int rise)
    {
        foreach (string stroke in lines.Split(StrokeSeparator))
        {
            bool hasPen = stroke[0] is '-' or '~' or '#';
            (int X, int Y)[] points = [.. stroke[(hasPen ? 1 : 0)..].Split(' ').Select(Point)];
            if (stroke[0] == '#')
            {
                for (int y = points[0].Y; y <= points[1].Y; y++)
                {
                    DrawLine(glyph, (points[0].X, y - rise), (points[1].X, y - rise), '-');
                }

                continue;
            }

            for (int i = 0; i < points.Length; i++)
            {
                (int X, int Y) from = points[Math.Max(0, i - 1)];
                DrawLine(glyph, (from.X, from.Y - rise), (points[i].X, points[i].Y - rise), hasPen ? stroke[0] : ' ');
            }
        }
    }

    private static (int X, int Y) Point(string text) =>
        (text[0] - '0', int.Parse(text.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static void DrawLine(Span<byte> glyph, (int X, int Y) from, (int X, int Y) to, char pen)
    {
        int steps = Math.Max(1, Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y)));
        for (int step = 0; step <= steps; step++)
        {
            int x = Between(from.X, to.X, step, steps);
            int y = Between(from.Y, to.Y, step, steps);
            int dots = (pen is '-' or '~' ? 0x80 : 0xC0) >> x;
            if (y is >= 0 and < Height)
            {
                glyph[y] = (byte)(pen == '~' ? glyph[y] & ~dots : glyph[y] | dots);
            }
        }
    }

    private static int Between(int from, int to, int step, int steps) => ((from * (steps - step)) + (to * step) + (steps / 2)) / steps;
}
