namespace KvmSharp.Machines;

/// <summary>Text modes: characters and attributes in the video memory, and a cursor for each page in the BIOS data area.</summary>
/// <remarks>Without a VGA nothing is kept: the screen reads as blanks, and only the serial console shows what is written.</remarks>
internal sealed class BiosScreen(FirmwareBus bus, SerialConsole console, bool hasScreen)
{
    private const byte Bell = 0x07;
    private const byte Backspace = 0x08;
    private const byte LineFeed = 0x0A;
    private const byte CarriageReturn = 0x0D;
    private const byte NormalAttribute = 0x07;
    private const int LargestRows = 60;
    private const uint ColorText = 0xB_8000;
    private const uint MonochromeText = 0xB_0000;
    private const uint TextBytes = 0x8000;
    private const byte MonochromeMode = 0x07;

    private const byte CursorLocationHigh = 0x0E; // registers of the CRT controller
    private const byte CursorLocationLow = 0x0F;

    private readonly byte[] _line = new byte[2 * 80];

    /// <summary>Gets a value indicating whether there is a VGA.</summary>
    public bool HasScreen => hasScreen;

    /// <summary>Gets the mode, as last set.</summary>
    public byte Mode => (byte)(bus.ReadByte(BiosData.VideoMode) & 0x7F);

    /// <summary>Gets a value indicating whether the mode is one of text.</summary>
    public bool IsText => Mode is <= 3 or MonochromeMode;

    /// <summary>Gets the columns of the mode: 40 or 80, whatever a guest may have stored in the data area.</summary>
    public int Columns => bus.ReadWord(BiosData.VideoColumns) == 40 ? 40 : 80;

    /// <summary>Gets the rows.</summary>
    public int Rows => Math.Clamp(bus.ReadByte(BiosData.VideoLastRow) + 1, 1, LargestRows);

    /// <summary>Gets the page that is shown.</summary>
    public byte Page => (byte)(bus.ReadByte(BiosData.VideoPage) & 7);

    /// <summary>Gets a page's cursor.</summary>
    public (int Row, int Column) Cursor(byte page)
    {
        ushort position = bus.ReadWord(BiosData.CursorPositions + (2u * (page & 7u)));
        return (position >> 8, position & 0xFF);
    }

    /// <summary>Sets a page's cursor, and shows it when the page is shown.</summary>
    public void MoveCursor(byte page, int row, int column)
    {
        page &= 7;
        bus.WriteWord(BiosData.CursorPositions + (2u * page), (ushort)((row << 8) | (column & 0xFF)));
        if (page == Page && hasScreen)
        {
            int cell = (bus.ReadWord(BiosData.VideoPageStart) / 2) + (row * Columns) + column;
            WriteCrt(CursorLocationHigh, (byte)(cell >> 8));
            WriteCrt(CursorLocationLow, (byte)cell);
        }
    }

    /// <summary>Writes a register of the CRT controller.</summary>
    public void WriteCrt(byte register, byte value)
    {
        if (hasScreen)
        {
            ushort port = bus.ReadWord(BiosData.VideoPort) == VideoModes.MonochromePort ? VideoModes.MonochromePort : VideoModes.ColorPort;
            bus.Out(port, register);
            bus.Out((ushort)(port + 1), value);
        }
    }

    /// <summary>Writes as a teletype does: control characters move, the last line scrolls.</summary>
    /// <param name="page">The page.</param>
    /// <param name="character">The character.</param>
    /// <param name="attribute">Its attribute; null leaves what is there.</param>
    public void Teletype(byte page, byte character, byte? attribute = null)
    {
        (int row, int column) = Cursor(page);
        column = Math.Min(column, Columns - 1);
        row = Math.Min(row, Rows - 1);
        switch (character)
        {
            case Bell or Backspace or LineFeed or CarriageReturn:
                console.Control(character);
                column = character == CarriageReturn ? 0 : character == Backspace ? Math.Max(column - 1, 0) : column;
                row += character == LineFeed ? 1 : 0;
                break;
            default:
                Store(page, row, column, character, attribute);
                console.Put(row, column, character, attribute ?? NormalAttribute);
                if (++column == Columns)
                {
                    column = 0;
                    row++;
                }

                break;
        }

        if (row == Rows)
        {
            row--;
            Scroll(page, 1, NormalAttribute, 0, 0, row, Columns - 1);
        }

        MoveCursor(page, row, column);
    }

    /// <summary>Writes a sentence of the firmware's.</summary>
    public void Print(string text)
    {
        foreach (char character in text)
        {
            Teletype(Page, (byte)character);
        }
    }

    /// <summary>Writes a character some times, row after row, at most to the end of the screen. The cursor stays.</summary>
    public void Repeat(byte page, int row, int column, int count, byte character, byte? attribute)
    {
        int columns = Columns;
        int first = (row * columns) + column;
        int end = Rows * columns;
        int last = Math.Min(first + count, end);
        bool clears = first == 0 && last == end && character == (byte)' ';
        if (clears)
        {
            console.Clear();
        }

        for (int cell = first; cell < last; cell++)
        {
            Store(page, cell / columns, cell % columns, character, attribute);
            if (!clears)
            {
                console.Put(cell / columns, cell % columns, character, attribute ?? NormalAttribute);
            }
        }
    }

    /// <summary>Reads a character, and its attribute in the high byte.</summary>
    public ushort Read(byte page, int row, int column) =>
        hasScreen && IsText ? bus.ReadWord(Cell(page, row, column)) : (ushort)((NormalAttribute << 8) | ' ');

    /// <summary>Scrolls a window.</summary>
    /// <param name="page">The page.</param>
    /// <param name="lines">Upwards; negative scrolls down, 0 blanks the window.</param>
    /// <param name="attribute">The attribute of blank lines.</param>
    /// <param name="top">The first row.</param>
    /// <param name="left">The first column.</param>
    /// <param name="bottom">The last row.</param>
    /// <param name="right">The last column.</param>
    public void Scroll(byte page, int lines, byte attribute, int top, int left, int bottom, int right)
    {
        bottom = Math.Min(bottom, Rows - 1);
        right = Math.Min(right, Columns - 1);
        if (top > bottom || left > right)
        {
            return;
        }

        int height = bottom - top + 1;
        if (lines == 0 || Math.Abs(lines) >= height)
        {
            lines = height;
            if (top == 0 && left == 0 && bottom == Rows - 1 && right == Columns - 1)
            {
                console.Clear();
            }
        }

        if (!hasScreen || !IsText)
        {
            return;
        }

        Span<byte> line = _line.AsSpan(0, 2 * (right - left + 1));
        int step = lines > 0 ? 1 : -1;
        for (int i = 0, to = lines > 0 ? top : bottom; i < height; i++, to += step)
        {
            int from = to + lines;
            if (from >= top && from <= bottom)
            {
                bus.TryRead(Cell(page, from, left), line);
            }
            else
            {
                Blank(line, attribute);
            }

            bus.TryWrite(Cell(page, to, left), line);
        }
    }

    /// <summary>Blanks all text memory, after a mode was set.</summary>
    public void Clear()
    {
        console.Clear();
        if (hasScreen)
        {
            Blank(_line, NormalAttribute);
            for (uint at = 0; at + _line.Length <= TextBytes; at += (uint)_line.Length)
            {
                bus.TryWrite(TextMemory + at, _line);
            }
        }
    }

    private uint TextMemory => Mode == MonochromeMode ? MonochromeText : ColorText;

    private static void Blank(Span<byte> line, byte attribute)
    {
        for (int i = 0; i < line.Length; i += 2)
        {
            line[i] = (byte)' ';
            line[i + 1] = attribute;
        }
    }

    private void Store(byte page, int row, int column, byte character, byte? attribute)
    {
        if (hasScreen && IsText)
        {
            uint cell = Cell(page, row, column);
            bus.WriteByte(cell, character);
            if (attribute is { } color)
            {
                bus.WriteByte(cell + 1, color);
            }
        }
    }

    // Whatever the data area says, the address stays in the text memory.
    private uint Cell(byte page, int row, int column)
    {
        uint offset = ((uint)(page & 7) * bus.ReadWord(BiosData.VideoPageBytes)) + (2u * (uint)((row * Columns) + column));
        return TextMemory + (offset & (TextBytes - 2));
    }
}
