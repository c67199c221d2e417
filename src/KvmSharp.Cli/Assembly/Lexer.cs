using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>What a token of assembly text is.</summary>
internal enum TokenKind
{
    Word,
    Number,
    Text,
    Symbol,
}

/// <summary>One token: its kind, its text as written, and for a number its value.</summary>
internal readonly record struct AsmToken(TokenKind Kind, string Text, long Value = 0)
{
    public bool Is(char symbol) => Kind == TokenKind.Symbol && Text[0] == symbol;

    public bool Is(string word) => Kind == TokenKind.Word && Text.Equals(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Cuts assembly text into statements of tokens. A semicolon or a new line ends a statement.</summary>
internal static class Lexer
{
    private const string Symbols = "[],:+-*()$";

    public static List<List<AsmToken>> Statements(string text)
    {
        var statements = new List<List<AsmToken>>();
        var current = new List<AsmToken>();
        int at = 0;
        while (at < text.Length)
        {
            char c = text[at];
            if (c is ';' or '\n')
            {
                statements.Add(current);
                current = [];
                at++;
            }
            else if (char.IsWhiteSpace(c))
            {
                at++;
            }
            else
            {
                current.Add(Next(text, ref at));
            }
        }

        statements.Add(current);
        statements.RemoveAll(s => s.Count == 0);
        return statements;
    }

    private static AsmToken Next(string text, ref int at)
    {
        char c = text[at];
        int start = at;
        if (c is '\'' or '"')
        {
            int end = text.IndexOf(c, at + 1);
            if (end < 0)
            {
                throw new AssemblyException($"The text {text[at..]} has no closing {c}.");
            }

            at = end + 1;
            return new AsmToken(TokenKind.Text, text[(start + 1)..end]);
        }

        if (Symbols.Contains(c, StringComparison.Ordinal))
        {
            at++;
            return new AsmToken(TokenKind.Symbol, text[start..at]);
        }

        while (at < text.Length && IsWordPart(text[at]))
        {
            at++;
        }

        string word = text[start..at];
        return word.Length == 0 ? throw new AssemblyException($"The character '{c}' has no meaning here.")
            : char.IsAsciiDigit(word[0]) ? new AsmToken(TokenKind.Number, word, ParseNumber(word))
            : new AsmToken(TokenKind.Word, word);
    }

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '@';

    // 65, 0x41, 41h, 0b1000001: a number begins with a digit, so 0FFh needs its zero.
    private static long ParseNumber(string word)
    {
        string digits = word.Replace("_", string.Empty, StringComparison.Ordinal);
        bool ok = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? Hex(digits[2..], out ulong value)
            : char.ToUpperInvariant(digits[^1]) == 'H' ? Hex(digits[..^1], out value)
            : digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase)
                ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return ok ? (long)value : throw new AssemblyException($"'{word}' is no number of 64 bits: write 65, 0x41, 41h or 0b1000001.");
    }

    private static bool Hex(string digits, out ulong value) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
