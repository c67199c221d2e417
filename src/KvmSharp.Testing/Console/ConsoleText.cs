using System.Globalization;
using System.Text;

namespace KvmSharp.Testing;

/// <summary>Console text in messages for people.</summary>
internal static class ConsoleText
{
    /// <summary>Puts a text in quotes, control characters as C writes them.</summary>
    /// <param name="text">The text.</param>
    public static string Quote(string text) => $"\"{Escape(text)}\"";

    /// <summary>Makes control characters visible, so that a guest's output cannot steer a terminal or break a report.</summary>
    /// <param name="text">The text.</param>
    public static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => safe.Append("\\n"),
                '\r' => safe.Append("\\r"),
                '\t' => safe.Append("\\t"),
                _ when char.IsControl(c) => safe.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}"),
                _ => safe.Append(c),
            };
        }

        return safe.ToString();
    }
}
