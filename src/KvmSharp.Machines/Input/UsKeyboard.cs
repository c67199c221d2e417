namespace KvmSharp.Machines;

/// <summary>The US layout: which keys type a character.</summary>
public static class UsKeyboard
{
    // Rows of neighbouring keys: the code of the first, what they type, and what they type with shift.
    private static readonly (ushort First, string Plain, string Shifted)[] Rows =
    [
        (0x02, "1234567890-=", "!@#$%^&*()_+"),
        (0x10, "qwertyuiop[]", "QWERTYUIOP{}"),
        (0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    ];

    /// <summary>Finds the keys of a character.</summary>
    /// <param name="character">A printable ASCII character, a line feed or carriage return (Enter), tab, backspace or escape.</param>
    /// <param name="chord">The keys.</param>
    /// <returns><see langword="false"/> when the layout has no such character.</returns>
    public static bool TryFind(char character, out KeyChord chord)
    {
        foreach ((ushort first, string plain, string shifted) in Rows)
        {
            int place = plain.IndexOf(character, StringComparison.Ordinal);
            if (place >= 0)
            {
                chord = new KeyChord((ushort)(first + place));
                return true;
            }

            place = shifted.IndexOf(character, StringComparison.Ordinal);
            if (place >= 0)
            {
                chord = new KeyChord((ushort)(first + place), KeyModifiers.Shift);
                return true;
            }
        }

        chord = new KeyChord(character switch
        {
            ' ' => KeyCode.Space,
            '\n' or '\r' => KeyCode.Enter,
            '\t' => KeyCode.Tab,
            '\b' => KeyCode.Backspace,
            '\e' => KeyCode.Escape,
            _ => 0,
        });
        return chord.Code != 0;
    }
}
