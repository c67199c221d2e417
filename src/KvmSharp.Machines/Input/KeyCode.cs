namespace KvmSharp.Machines;

/// <summary>Make codes of scan code set 1 for the keys that type no character; E0h in the high byte for extended keys.</summary>
/// <remarks>Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)", scan code set 1.</remarks>
public static class KeyCode
{
    /// <summary>Esc.</summary>
    public const ushort Escape = 0x01;

    /// <summary>Backspace.</summary>
    public const ushort Backspace = 0x0E;

    /// <summary>Tab.</summary>
    public const ushort Tab = 0x0F;

    /// <summary>Enter.</summary>
    public const ushort Enter = 0x1C;

    /// <summary>The left Ctrl key.</summary>
    public const ushort Control = 0x1D;

    /// <summary>The left shift key.</summary>
    public const ushort Shift = 0x2A;

    /// <summary>The left Alt key.</summary>
    public const ushort Alt = 0x38;

    /// <summary>The space bar.</summary>
    public const ushort Space = 0x39;

    /// <summary>F1; F2 to F10 follow.</summary>
    public const ushort F1 = 0x3B;

    /// <summary>F11; F12 follows.</summary>
    public const ushort F11 = 0x57;

    /// <summary>Home.</summary>
    public const ushort Home = 0xE047;

    /// <summary>Cursor up.</summary>
    public const ushort Up = 0xE048;

    /// <summary>Page up.</summary>
    public const ushort PageUp = 0xE049;

    /// <summary>Cursor left.</summary>
    public const ushort Left = 0xE04B;

    /// <summary>Cursor right.</summary>
    public const ushort Right = 0xE04D;

    /// <summary>End.</summary>
    public const ushort End = 0xE04F;

    /// <summary>Cursor down.</summary>
    public const ushort Down = 0xE050;

    /// <summary>Page down.</summary>
    public const ushort PageDown = 0xE051;

    /// <summary>Insert.</summary>
    public const ushort Insert = 0xE052;

    /// <summary>Delete.</summary>
    public const ushort Delete = 0xE053;

    /// <summary>Gets a function key.</summary>
    /// <param name="number">1 to 12.</param>
    /// <returns>Its code.</returns>
    public static ushort Function(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 12);
        return (ushort)(number <= 10 ? F1 + number - 1 : F11 + number - 11);
    }
}
