using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>Reads sizes, durations, addresses and counts as people write them on a command line.</summary>
internal static class Quantities
{
    private const ulong KiB = 1024;

    /// <summary>Reads a size: a whole number with K, M or G (powers of 1024), or plain bytes.</summary>
    public static bool TryParseSize(string text, out ulong bytes)
    {
        ulong unit = text.Length == 0 ? 1 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => KiB,
            'M' => KiB * KiB,
            'G' => KiB * KiB * KiB,
            _ => 1,
        };
        bytes = 0;
        if (!ulong.TryParse(unit == 1 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) || number > ulong.MaxValue / unit)
        {
            return false;
        }

        bytes = number * unit;
        return true;
    }

    /// <summary>Reads a duration: a number with ms, s or m. It must be above zero and at most 24 days, what a host timer can take.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        (string digits, double milliseconds) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1)
            : text.EndsWith('s') ? (text[..^1], 1000)
            : text.EndsWith('m') ? (text[..^1], 60_000)
            : (string.Empty, 0d);
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            return false;
        }

        double total = number * milliseconds;
        if (!(total is >= 1 and <= int.MaxValue)) // so that NaN fails too
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>Reads an address of 32 bits: decimal, 0x7C00 or 7C00h.</summary>
    public static bool TryParseAddress(string text, out uint address)
    {
        bool ok = TryParseWide(text, out ulong wide) && wide <= uint.MaxValue;
        address = (uint)wide;
        return ok;
    }

    /// <summary>Reads an address or a length of 64 bits, in the same forms.</summary>
    public static bool TryParseWide(string text, out ulong value)
    {
        string? hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..]
            : text.EndsWith("h", StringComparison.OrdinalIgnoreCase) ? text[..^1]
            : null;
        return hex is null
            ? ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Reads a count above zero; an underscore may part digits: 1_000_000.</summary>
    public static bool TryParseCount(string text, out ulong count) =>
        ulong.TryParse(text.Replace("_", string.Empty, StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out count) && count > 0;
}
