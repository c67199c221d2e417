namespace KvmSharp.Machines;

/// <summary>What each key of a US keyboard gives to programs: the character in the low byte, the scan code in the high byte.</summary>
/// <remarks>Source: IBM PS/2 and PC BIOS Interface Technical Reference, "Scan code/character code combinations".</remarks>
internal static class KeyTable
{
    /// <summary>The marker in the low byte of the keys that only the 101-key keyboard has.</summary>
    public const byte EnhancedMark = 0xE0;

    private const int FirstKeypad = 0x47;
    private const int LastKeypad = 0x53;

    // Scan codes 00h to 58h: plain, with Shift, with Ctrl, with Alt. 0 is no key.
    private static readonly ushort[][] Keys =
    [
        [0, 0, 0, 0], [0x011B, 0x011B, 0x011B, 0x0100],
        Letter(0x02, '1', '!', 0, 0x7800), Letter(0x03, '2', '@', 0x0300, 0x7900), Letter(0x04, '3', '#', 0, 0x7A00), Letter(0x05, '4', '$', 0, 0x7B00),
        Letter(0x06, '5', '%', 0, 0x7C00), Letter(0x07, '6', '^', 0x071E, 0x7D00), Letter(0x08, '7', '&', 0, 0x7E00), Letter(0x09, '8', '*', 0, 0x7F00),
        Letter(0x0A, '9', '(', 0, 0x8000), Letter(0x0B, '0', ')', 0, 0x8100), Letter(0x0C, '-', '_', 0x0C1F, 0x8200), Letter(0x0D, '=', '+', 0, 0x8300),
        [0x0E08, 0x0E08, 0x0E7F, 0x0E00], [0x0F09, 0x0F00, 0x9400, 0xA500],
        Letter(0x10, 'q'), Letter(0x11, 'w'), Letter(0x12, 'e'), Letter(0x13, 'r'), Letter(0x14, 't'), Letter(0x15, 'y'), Letter(0x16, 'u'), Letter(0x17, 'i'),
        Letter(0x18, 'o'), Letter(0x19, 'p'), Letter(0x1A, '[', '{', 0x1A1B, 0x1A00), Letter(0x1B, ']', '}', 0x1B1D, 0x1B00),
        [0x1C0D, 0x1C0D, 0x1C0A, 0x1C00], [0, 0, 0, 0],
        Letter(0x1E, 'a'), Letter(0x1F, 's'), Letter(0x20, 'd'), Letter(0x21, 'f'), Letter(0x22, 'g'), Letter(0x23, 'h'), Letter(0x24, 'j'), Letter(0x25, 'k'),
        Letter(0x26, 'l'), Letter(0x27, ';', ':', 0, 0x2700), Letter(0x28, '\'', '"', 0, 0x2800), Letter(0x29, '`', '~', 0, 0x2900),
        [0, 0, 0, 0], Letter(0x2B, '\\', '|', 0x2B1C, 0x2B00),
        Letter(0x2C, 'z'), Letter(0x2D, 'x'), Letter(0x2E, 'c'), Letter(0x2F, 'v'), Letter(0x30, 'b'), Letter(0x31, 'n'), Letter(0x32, 'm'),
        Letter(0x33, ',', '<', 0, 0x3300), Letter(0x34, '.', '>', 0, 0x3400), Letter(0x35, '/', '?', 0, 0x3500),
        [0, 0, 0, 0], [0x372A, 0x372A, 0x9600, 0x3700], [0, 0, 0, 0], [0x3920, 0x3920, 0x3920, 0x3920], [0, 0, 0, 0],
        Function(0x3B), Function(0x3C), Function(0x3D), Function(0x3E), Function(0x3F), Function(0x40), Function(0x41), Function(0x42), Function(0x43), Function(0x44),
        [0, 0, 0, 0], [0, 0, 0, 0],
        [0x4700, 0x4737, 0x7700, 0], [0x4800, 0x4838, 0x8D00, 0], [0x4900, 0x4939, 0x8400, 0], [0x4A2D, 0x4A2D, 0x8E00, 0x4A00],
        [0x4B00, 0x4B34, 0x7300, 0], [0x4CF0, 0x4C35, 0x8F00, 0], [0x4D00, 0x4D36, 0x7400, 0], [0x4E2B, 0x4E2B, 0x9000, 0x4E00],
        [0x4F00, 0x4F31, 0x7500, 0], [0x5000, 0x5032, 0x9100, 0], [0x5100, 0x5133, 0x7600, 0], [0x5200, 0x5230, 0x9200, 0], [0x5300, 0x532E, 0x9300, 0],
        [0, 0, 0, 0], [0, 0, 0, 0], [0x565C, 0x567C, 0, 0], [0x8500, 0x8700, 0x8900, 0x8B00], [0x8600, 0x8800, 0x8A00, 0x8C00],
    ];

    /// <summary>Finds what a key gives.</summary>
    /// <param name="scanCode">Its make code in set 1.</param>
    /// <param name="flags">The shift state: see <see cref="KeyFlag"/>.</param>
    /// <param name="extended">Whether E0h came before.</param>
    /// <returns>The key; 0 for none.</returns>
    public static ushort Find(byte scanCode, byte flags, bool extended)
    {
        if (scanCode >= Keys.Length)
        {
            return 0;
        }

        ushort[] key = Keys[scanCode];
        bool shift = (flags & (KeyFlag.LeftShift | KeyFlag.RightShift)) != 0;
        bool alt = (flags & KeyFlag.Alt) != 0;
        bool control = (flags & KeyFlag.Control) != 0;
        if (extended)
        {
            return FindExtended(scanCode, key, control, alt);
        }

        if (alt)
        {
            return key[3];
        }

        if (control)
        {
            return key[2];
        }

        bool isKeypad = scanCode is >= FirstKeypad and <= LastKeypad;
        byte plain = (byte)key[0];
        bool isLetter = plain is >= (byte)'a' and <= (byte)'z';
        shift ^= (isKeypad && (flags & KeyFlag.NumLock) != 0) || (isLetter && (flags & KeyFlag.CapsLock) != 0);
        return shift ? key[1] : key[0];
    }

    /// <summary>Finds the key that types a character, for a character that came over a serial line.</summary>
    /// <param name="character">A character of ASCII.</param>
    /// <returns>The key; without a key's scan code when no key types it.</returns>
    public static ushort FromCharacter(byte character)
    {
        for (int column = 0; column < 3; column++)
        {
            foreach (ushort[] key in Keys)
            {
                if (key[column] != 0 && (byte)key[column] == character)
                {
                    return key[column];
                }
            }
        }

        return character;
    }

    // The grey keys between letters and keypad, and the keypad's Enter and slash.
    private static ushort FindExtended(byte scanCode, ushort[] key, bool control, bool alt) => scanCode switch
    {
        0x1C => alt ? (ushort)0xA600 : control ? (ushort)0xE00A : (ushort)0xE00D,
        0x35 => alt ? (ushort)0xA400 : control ? (ushort)0x9500 : (ushort)0xE02F,
        >= FirstKeypad and <= LastKeypad when alt => (ushort)((scanCode + 0x50) << 8),
        >= FirstKeypad and <= LastKeypad => (ushort)((control ? key[2] & 0xFF00 : scanCode << 8) | EnhancedMark),
        _ => 0,
    };

    private static ushort[] Letter(byte scanCode, char plain) =>
        Letter(scanCode, plain, char.ToUpperInvariant(plain), (ushort)((scanCode << 8) | (plain & 0x1F)), (ushort)(scanCode << 8));

    private static ushort[] Letter(byte scanCode, char plain, char shifted, ushort control, ushort alt) =>
        [(ushort)((scanCode << 8) | plain), (ushort)((scanCode << 8) | shifted), control, alt];

    // F1 to F10: plain, then in blocks from 54h (Shift), 5Eh (Ctrl) and 68h (Alt).
    private static ushort[] Function(int scanCode) =>
        [(ushort)(scanCode << 8), (ushort)((scanCode + 0x19) << 8), (ushort)((scanCode + 0x23) << 8), (ushort)((scanCode + 0x2D) << 8)];
}
