using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>The fields of a device register, written as in a datasheet: <c>7:DLAB 6:break 5-3:parity 2:stop 1-0:length</c>.</summary>
internal static class RegisterFields
{
    /// <summary>Spells a value: single bits that are set by their names, fields with their values.</summary>
    /// <returns>The text; empty when the register has no fields.</returns>
    public static string Describe(string fields, ulong value)
    {
        var parts = new List<string>();
        foreach (string field in fields.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] halves = field.Split(':');
            int[] bits = [.. halves[0].Split('-').Select(static b => int.Parse(b, CultureInfo.InvariantCulture))];
            ulong part = (value >> bits[^1]) & ((2UL << (bits[0] - bits[^1])) - 1);
            string name = halves[1].Replace('_', ' ');
            if (bits.Length == 2)
            {
                parts.Add($"{name} (bits {bits[0]}-{bits[1]}) = {part:X}h");
            }
            else if (part != 0)
            {
                parts.Add($"{name} (bit {bits[0]})");
            }
        }

        return fields.Length == 0 ? string.Empty : parts.Count == 0 ? "no bit set" : string.Join(", ", parts);
    }
}
