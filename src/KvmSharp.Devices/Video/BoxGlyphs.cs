namespace KvmSharp.Devices;

/// <summary>Draws box drawing characters and blocks by rule: each reaches the edges of its cell, so that neighbours join.</summary>
internal static class BoxGlyphs
{
    private const int Width = 8;
    private const int Height = VgaFont.Height;

    // A single line runs in the middle; the two of a double line beside it. Vertical single lines are two dots wide.
    private const int Column = 3;
    private const int NearColumn = 2;
    private const int FarColumn = 5;
    private const int Row = 7;
    private const int NearRow = 6;
    private const int FarRow = 8;

    // For each character the lines that leave its middle to the left, right, up and down: 0 none, 1 single, 2 double.
    private const string Arms =
        "│0011 ┤1011 ╡2011 ╢1022 ╖1002 ╕2001 ╣2022 ║0022 ╗2002 ╝2020 ╜1020 ╛2010 ┐1001 └0110 ┴1110 ┬1101 ├0111 ─1100 ┼1111 ╞0211 "
        + "╟0122 ╚0220 ╔0202 ╩2220 ╦2202 ╠0222 ═2200 ╬2222 ╧2210 ╨1120 ╤2201 ╥1102 ╙0120 ╘0210 ╒0201 ╓0102 ╫1122 ╪2211 ┘1010 ┌0101 ";

    /// <summary>Draws a character, if it is one of these.</summary>
    public static bool TryDraw(Span<byte> glyph, char character)
    {
        int at = Arms.IndexOf(character, StringComparison.Ordinal);
        if (at >= 0 && character != ' ')
        {
            DrawBox(glyph, Arms[at + 1] - '0', Arms[at + 2] - '0', Arms[at + 3] - '0', Arms[at + 4] - '0');
            return true;
        }

        for (int y = 0; y < Height; y++)
        {
            glyph[y] = character switch
            {
                '░' => (byte)((y & 1) == 0 ? 0x22 : 0x88),
                '▒' => (byte)((y & 1) == 0 ? 0x55 : 0xAA),
                '▓' => (byte)((y & 1) == 0 ? 0xDD : 0x77),
                '█' => 0xFF,
                '▄' => (byte)(y >= Height / 2 ? 0xFF : 0),
                '▀' => (byte)(y < Height / 2 ? 0xFF : 0),
                '▌' => 0xF0,
                '▐' => 0x0F,
                _ => 0,
            };
        }

        return glyph[0] != 0 || glyph[Height - 1] != 0;
    }

    private static void DrawBox(Span<byte> glyph, int left, int right, int up, int down)
    {
        int vertical = Math.Max(up, down);
        int horizontal = Math.Max(left, right);

        // What lies in a line's way: for a single line a double one from edge to edge, unless it crosses that; for each half of a double
        // line the arm on its own side.
        if (horizontal == 1)
        {
            DrawRow(glyph, Row, left, right, left == right ? 0 : Math.Min(up, down), vertical);
        }
        else if (horizontal == 2)
        {
            DrawRow(glyph, NearRow, left, right, up, vertical);
            DrawRow(glyph, FarRow, left, right, down, vertical);
        }

        if (vertical == 1)
        {
            int crossing = up == down ? 0 : Math.Min(left, right);
            DrawColumn(glyph, Column, up, down, crossing, horizontal);
            DrawColumn(glyph, Column + 1, up, down, crossing, horizontal);
        }
        else if (vertical == 2)
        {
            DrawColumn(glyph, NearColumn, up, down, left, horizontal);
            DrawColumn(glyph, FarColumn, up, down, right, horizontal);
        }
    }

    private static void DrawRow(Span<byte> glyph, int row, int left, int right, int crossing, int vertical)
    {
        (int near, int far) = vertical == 2 ? (NearColumn, FarColumn) : (Column, Column + 1);
        int reach = Reach(crossing, near, far);
        if (left != 0)
        {
            Fill(glyph, row, 0, reach);
        }

        if (right != 0)
        {
            Fill(glyph, row, near + far - reach, Width - 1);
        }
    }

    private static void DrawColumn(Span<byte> glyph, int column, int up, int down, int crossing, int horizontal)
    {
        (int near, int far) = horizontal == 2 ? (NearRow, FarRow) : (Row, Row);
        int reach = Reach(crossing, near, far);
        if (up != 0)
        {
            FillDown(glyph, column, 0, reach);
        }

        if (down != 0)
        {
            FillDown(glyph, column, near + far - reach, Height - 1);
        }
    }

    // A double line in the way ends a line at its near side; else it goes on to the far side, where it meets the corner or its other half.
    private static int Reach(int crossing, int near, int far) => crossing == 2 ? near : far;

    private static void Fill(Span<byte> glyph, int row, int from, int to)
    {
        for (int x = from; x <= to; x++)
        {
            glyph[row] |= (byte)(0x80 >> x);
        }
    }

    private static void FillDown(Span<byte> glyph, int column, int from, int to)
    {
        for (int y = from; y <= to; y++)
        {
            glyph[y] |= (byte)(0x80 >> column);
        }
    }
}
