namespace KvmSharp.Machines;

/// <summary>A key that is pressed and released while others are held.</summary>
/// <param name="Code">The key's make code in scan code set 1; E0xxh for an extended key.</param>
/// <param name="Modifiers">The keys held meanwhile.</param>
public readonly record struct KeyChord(ushort Code, KeyModifiers Modifiers = KeyModifiers.None);

/// <summary>The keys that are held while another is pressed: those on the left.</summary>
[Flags]
public enum KeyModifiers
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Shift.</summary>
    Shift = 1,

    /// <summary>Alt.</summary>
    Alt = 2,

    /// <summary>Control.</summary>
    Control = 4,
}
