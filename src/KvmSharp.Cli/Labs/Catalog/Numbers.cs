using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Numbers as the documents of the labs write them: 65, 0x41 or 'A'.</summary>
internal static class Numbers
{
    /// <summary>Reads one.</summary>
    /// <exception cref="HostException">It is none.</exception>
    public static ulong Parse(string text) => TryParse(text, out ulong value) ? value : throw new HostException($"'{text}' is no number: write 65, 0x41 or 'A'.");

    /// <summary>Reads one, or gives false.</summary>
    public static bool TryParse(string text, out ulong value)
    {
        if (text is ['\'', var c, '\''])
        {
            value = c;
            return true;
        }

        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Writes an address or a value.</summary>
    public static string Hex(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:X}");
}
