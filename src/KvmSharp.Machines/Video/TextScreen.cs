using System.Text;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What a text mode shows: cells in rows, and the cursor.</summary>
/// <remarks>A screen in a graphics mode, or one that is switched off, is a text screen of no rows.</remarks>
public sealed class TextScreen
{
    private const int Planes = 4;

    private readonly TextCell[] _cells;

    private TextScreen(int columns, int rows)
    {
        Columns = columns;
        Rows = rows;
        _cells = new TextCell[columns * rows];
    }

    /// <summary>Gets the number of columns.</summary>
    public int Columns { get; }

    /// <summary>Gets the number of rows.</summary>
    public int Rows { get; }

    /// <summary>Gets where the cursor is, from the upper left; <see langword="null"/> when it is hidden or off the screen.</summary>
    public (int Column, int Row)? Cursor { get; private init; }

    /// <summary>Gets the rows as text without the spaces at their ends.</summary>
    public IReadOnlyList<string> Lines => [.. Enumerable.Range(0, Rows).Select(Line)];

    /// <summary>Gets a cell.</summary>
    /// <param name="column">The column, from the left.</param>
    /// <param name="row">The row, from the top.</param>
    public TextCell this[int column, int row] => _cells[(row * Columns) + column];

    /// <summary>Gets the rows as one text, a line feed behind each; rows at the end that are empty are left out.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        IReadOnlyList<string> lines = Lines;
        int last = lines.Count;
        while (last > 0 && lines[last - 1].Length == 0)
        {
            last--;
        }

        for (int row = 0; row < last; row++)
        {
            text.Append(lines[row]).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Reads the text out of a capture.</summary>
    internal static TextScreen From(ScreenCapture capture)
    {
        var geometry = new VgaGeometry(capture.Vga);
        if (capture.IsLinear || geometry.IsBlank || !geometry.IsText)
        {
            return new TextScreen(0, 0);
        }

        bool blinks = (capture.Vga.AttributeController[VgaAttributeController.ModeControl] & VgaAttributeController.Blink) != 0;
        var screen = new TextScreen(geometry.Columns, geometry.Rows) { Cursor = geometry.Cursor() };
        for (int row = 0; row < screen.Rows; row++)
        {
            int address = geometry.Row(row);
            for (int column = 0; column < screen.Columns; column++)
            {
                ReadOnlySpan<byte> place = capture.Memory[(Planes * geometry.Place(address + column, rowScan: 0))..];
                screen._cells[(row * screen.Columns) + column] = TextCell.From(place[0], place[1], blinks);
            }
        }

        return screen;
    }

    private string Line(int row)
    {
        var line = new StringBuilder(Columns);
        for (int column = 0; column < Columns; column++)
        {
            line.Append(this[column, row].Character);
        }

        return line.ToString().TrimEnd(' ');
    }
}

/// <summary>One character on a text screen.</summary>
/// <param name="Code">Its code; with the usual fonts one of code page 437.</param>
/// <param name="Foreground">The colour of the character, 0 to 15: bit 0 blue, 1 green, 2 red, 3 bright.</param>
/// <param name="Background">The colour behind it, 0 to 15.</param>
/// <param name="Blinks">Whether the character blinks.</param>
public readonly record struct TextCell(byte Code, byte Foreground, byte Background, bool Blinks)
{
    /// <summary>Gets the character in Unicode, as code page 437 has it.</summary>
    public char Character => CodePage437.ToUnicode(Code);

    internal static TextCell From(byte code, byte attribute, bool blinks) => new(
        code, (byte)(attribute & 0x0F), (byte)(attribute >> 4 & (blinks ? 0x07 : 0x0F)), blinks && (attribute & 0x80) != 0);
}
