using System.Globalization;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Makes the bytes that bring a terminal from the text screen it shows to the next: only cells that have changed are sent.</summary>
/// <remarks>Source: ECMA-48, "Select graphic rendition", with the 16-colour extension of aixterm.</remarks>
internal sealed class TerminalPainter
{
    /// <summary>Goes to the alternate screen, without wrapping at the right edge.</summary>
    public const string Enter = "\e[?1049h\e[?7l\e[0m\e[2J";

    /// <summary>Gives the terminal back as it was.</summary>
    public const string Leave = "\e[0m\e[?7h\e[?25h\e[?1049l";

    private const string Clear = "\e[0m\e[2J";
    private const string ShowCursor = "\e[?25h";
    private const string HideCursor = "\e[?25l";

    // The order of colours differs: the PC's bit 0 is blue, ECMA-48's is red.
    private static readonly int[] Colors = [0, 4, 2, 6, 1, 5, 3, 7];

    private readonly StringBuilder _out = new();
    private TextScreen? _shown;
    private string? _notice;
    private int _top;
    private TextCell? _color; // whose colours the terminal is set to
    private (int Column, int Row)? _place; // where the terminal's cursor is

    /// <summary>Forgets what the terminal shows, because it was changed by somebody else.</summary>
    public void Forget()
    {
        _shown = null;
        _notice = null;
    }

    /// <summary>Gives what is to be sent for the next screen; empty when nothing has changed.</summary>
    /// <param name="screen">The screen.</param>
    /// <param name="notice">What to say when the screen has no text.</param>
    /// <param name="rows">The rows that the terminal has.</param>
    public string Paint(TextScreen screen, string notice, int rows)
    {
        _out.Clear();
        _place = null;
        if (screen.Rows == 0)
        {
            PaintNotice(screen, notice);
            return _out.ToString();
        }

        // A screen that is higher than the terminal shows the part with the cursor.
        int top = Math.Clamp((screen.Cursor?.Row ?? 0) - (rows - 1), 0, Math.Max(0, screen.Rows - rows));
        if (_shown is null || _shown.Columns != screen.Columns || _shown.Rows != screen.Rows || top != _top)
        {
            _out.Append(Clear);
            _color = null;
            _shown = null;
        }

        for (int row = top; row < Math.Min(screen.Rows, top + rows); row++)
        {
            for (int column = 0; column < screen.Columns; column++)
            {
                TextCell cell = screen[column, row];
                if (_shown is null || _shown[column, row] != cell)
                {
                    PaintCell(cell, column, row - top);
                }
            }
        }

        if (_out.Length > 0 || _shown?.Cursor != screen.Cursor)
        {
            PaintCursor(screen.Cursor, top, rows);
        }

        (_shown, _top, _notice) = (screen, top, null);
        return _out.ToString();
    }

    private void PaintNotice(TextScreen screen, string notice)
    {
        if (_notice != notice || _shown is not { Rows: 0 })
        {
            _out.Append(Clear).Append(HideCursor).Append("\e[1;1H").Append(notice);
        }

        (_shown, _notice, _color) = (screen, notice, null);
    }

    private void PaintCell(in TextCell cell, int column, int line)
    {
        if (_place != (column, line))
        {
            _out.Append(CultureInfo.InvariantCulture, $"\e[{line + 1};{column + 1}H");
        }

        if (_color is not { } color || color with { Code = cell.Code } != cell)
        {
            int foreground = Colors[cell.Foreground & 7] + (cell.Foreground > 7 ? 90 : 30);
            int background = Colors[cell.Background & 7] + (cell.Background > 7 ? 100 : 40);
            _out.Append(CultureInfo.InvariantCulture, $"\e[0;{foreground};{background}{(cell.Blinks ? ";5" : string.Empty)}m");
            _color = cell;
        }

        _out.Append(cell.Character);
        _place = cell.Code < ' ' ? null : (column + 1, line); // some terminals draw symbols two columns wide
    }

    private void PaintCursor((int Column, int Row)? cursor, int top, int rows)
    {
        if (cursor is { } at && at.Row >= top && at.Row < top + rows)
        {
            _out.Append(CultureInfo.InvariantCulture, $"\e[{at.Row - top + 1};{at.Column + 1}H").Append(ShowCursor);
        }
        else
        {
            _out.Append(HideCursor);
        }
    }
}
