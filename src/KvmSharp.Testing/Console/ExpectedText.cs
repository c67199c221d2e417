using System.Text.RegularExpressions;

namespace KvmSharp.Testing;

/// <summary>A text or pattern that a guest is expected to print.</summary>
internal abstract class ExpectedText
{
    /// <summary>Looks for it behind each new character.</summary>
    /// <param name="unread">What came behind the last match.</param>
    /// <param name="start">Where it begins there.</param>
    /// <param name="length">How long it is.</param>
    /// <returns>Whether it has come.</returns>
    public abstract bool TryFind(ReadOnlySpan<char> unread, out int start, out int length);

    /// <summary>Makes one of a literal text.</summary>
    /// <param name="text">The text, compared by its characters.</param>
    public static ExpectedText Of(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return new Literal(text);
    }

    /// <summary>Makes one of a regular expression.</summary>
    /// <param name="pattern">The expression.</param>
    public static ExpectedText Of(Regex pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new Pattern(pattern);
    }

    private sealed class Literal(string text) : ExpectedText
    {
        public override bool TryFind(ReadOnlySpan<char> unread, out int start, out int length)
        {
            length = text.Length;
            start = unread.IndexOf(text, StringComparison.Ordinal);
            return start >= 0;
        }

        public override string ToString() => ConsoleText.Quote(text);
    }

    private sealed class Pattern(Regex pattern) : ExpectedText
    {
        public override bool TryFind(ReadOnlySpan<char> unread, out int start, out int length)
        {
            foreach (ValueMatch match in pattern.EnumerateMatches(unread))
            {
                (start, length) = (match.Index, match.Length);
                return true;
            }

            (start, length) = (0, 0);
            return false;
        }

        public override string ToString() => $"/{pattern}/";
    }
}
