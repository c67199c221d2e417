using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Turns what a terminal sends for keys back into keys of the US layout: control codes, escape sequences, Alt as a leading escape.</summary>
/// <remarks>
/// A lone escape is the Esc key once nothing follows it: <see cref="Pause"/> tells that. Characters that the layout has not are dropped.
/// Source: ECMA-48, "Control sequences"; xterm, "PC-Style Function Keys".
/// </remarks>
/// <param name="press">Takes the keys.</param>
internal sealed class TerminalKeys(Action<KeyChord> press)
{
    private const byte Escape = 0x1B;
    private const byte Delete = 0x7F; // what the backspace key sends
    private const int LongestSequence = 32;

    private readonly List<byte> _sequence = []; // what came behind an escape; the escape itself is _escapes
    private int _escapes;
    private int _unread; // bytes of a UTF-8 character still to come

    /// <summary>Takes what was typed.</summary>
    public void Add(ReadOnlySpan<byte> typed)
    {
        foreach (byte value in typed)
        {
            if (_escapes == 0)
            {
                AddPlain(value, KeyModifiers.None);
            }
            else if (_sequence.Count == 0 && value == Escape && _escapes == 1)
            {
                _escapes = 2; // Alt with a key that sends a sequence
            }
            else
            {
                _sequence.Add(value);
                EndSequence();
            }
        }
    }

    /// <summary>Tells that nothing has been typed for a while: an escape that waits for more was the Esc key.</summary>
    public void Pause()
    {
        KeyModifiers modifiers = _escapes == 2 ? KeyModifiers.Alt : KeyModifiers.None;
        if (_escapes > 0 && _sequence.Count == 0)
        {
            press(new KeyChord(KeyCode.Escape, modifiers));
        }
        else if (_sequence.Count == 1)
        {
            AddPlain(_sequence[0], KeyModifiers.Alt); // Alt-[ and Alt-O begin like sequences
        }

        Forget();
    }

    private static KeyChord? KeyOfFinal(char final) => final switch
    {
        'A' => new KeyChord(KeyCode.Up),
        'B' => new KeyChord(KeyCode.Down),
        'C' => new KeyChord(KeyCode.Right),
        'D' => new KeyChord(KeyCode.Left),
        'F' => new KeyChord(KeyCode.End),
        'H' => new KeyChord(KeyCode.Home),
        'M' => new KeyChord(KeyCode.Enter),
        'Z' => new KeyChord(KeyCode.Tab, KeyModifiers.Shift),
        >= 'P' and <= 'S' => new KeyChord(KeyCode.Function(final - 'P' + 1)),
        _ => null,
    };

    private static KeyChord? KeyOfNumber(int number) => number switch
    {
        1 or 7 => new KeyChord(KeyCode.Home),
        2 => new KeyChord(KeyCode.Insert),
        3 => new KeyChord(KeyCode.Delete),
        4 or 8 => new KeyChord(KeyCode.End),
        5 => new KeyChord(KeyCode.PageUp),
        6 => new KeyChord(KeyCode.PageDown),
        >= 11 and <= 15 => new KeyChord(KeyCode.Function(number - 10)),
        >= 17 and <= 21 => new KeyChord(KeyCode.Function(number - 11)),
        23 or 24 => new KeyChord(KeyCode.Function(number - 12)),
        _ => null,
    };

    // xterm counts from 1: 2 is shift, 3 is Alt, 5 is Ctrl, and their sums.
    private static KeyModifiers ModifiersOf(int parameter)
    {
        int bits = Math.Max(0, parameter - 1);
        return ((bits & 1) != 0 ? KeyModifiers.Shift : 0) | ((bits & 2) != 0 ? KeyModifiers.Alt : 0) | ((bits & 4) != 0 ? KeyModifiers.Control : 0);
    }

    private static int[] Parameters(string text) =>
        [.. text.Split(';').Select(part => int.TryParse(part, out int number) ? number : 0)];

    private void AddPlain(byte value, KeyModifiers modifiers)
    {
        if (_unread > 0 && value is >= 0x80 and < 0xC0)
        {
            _unread--;
            return;
        }

        _unread = value switch
        {
            >= 0xF0 => 3,
            >= 0xE0 => 2,
            >= 0xC0 => 1,
            _ => 0,
        };
        switch (value)
        {
            case Escape:
                _escapes = 1;
                break;
            case 0x00:
                press(new KeyChord(KeyCode.Space, modifiers | KeyModifiers.Control));
                break;
            case (byte)'\t' or (byte)'\r':
                PressCharacter((char)value, modifiers);
                break;
            case Delete:
                PressCharacter('\b', modifiers);
                break;
            case <= 0x1A:
                PressCharacter((char)('a' + value - 1), modifiers | KeyModifiers.Control);
                break;
            case < 0x20:
                PressCharacter("\\]6-"[value - 0x1C], modifiers | KeyModifiers.Control);
                break;
            case < Delete:
                PressCharacter((char)value, modifiers);
                break;
            default:
                break; // part of a character beyond ASCII
        }
    }

    private void PressCharacter(char character, KeyModifiers modifiers)
    {
        if (UsKeyboard.TryFind(character, out KeyChord chord))
        {
            press(chord with { Modifiers = chord.Modifiers | modifiers });
        }
    }

    private void EndSequence()
    {
        var first = (char)_sequence[0];
        var last = (char)_sequence[^1];
        if (first is not ('[' or 'O'))
        {
            Forget();
            AddPlain((byte)first, KeyModifiers.Alt);
            return;
        }

        // "ESC [ [ A" is F1 on the Linux console; else the first byte from 40h on ends a sequence.
        bool isConsoleKey = _sequence.Count == 3 && _sequence[1] == (byte)'[';
        if (_sequence.Count == 1 || (!isConsoleKey && last is < '@' or > '~') || (_sequence.Count == 2 && last == '['))
        {
            if (_sequence.Count > LongestSequence)
            {
                Forget();
            }

            return;
        }

        KeyModifiers modifiers = _escapes == 2 ? KeyModifiers.Alt : KeyModifiers.None;
        string text = string.Concat(_sequence.Skip(1).SkipLast(1).Select(value => (char)value));
        Forget();
        int[] parameters = Parameters(text);
        KeyChord? key = isConsoleKey ? last is >= 'A' and <= 'E' ? new KeyChord(KeyCode.Function(last - 'A' + 1)) : null
            : last == '~' ? KeyOfNumber(parameters[0])
            : KeyOfFinal(last);
        if (key is { } found)
        {
            modifiers |= parameters.Length > 1 ? ModifiersOf(parameters[1]) : KeyModifiers.None;
            press(found with { Modifiers = found.Modifiers | modifiers });
        }
    }

    private void Forget()
    {
        _sequence.Clear();
        _escapes = 0;
    }
}
