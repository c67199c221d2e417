using System.Globalization;
using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>A pattern of events: a name, then a word or numbers, of which those at the end may be left out and <c>*</c> is any.</summary>
/// <remarks>
/// <c>OUT 0x3F8 'H'</c>, <c>IN 0x60</c>, <c>MMIO WRITE * 5</c>, <c>INTR BUDGET</c>, <c>INTERCEPT CPUID</c>, <c>HLT</c>; <c>*</c> alone is any exit;
/// <c>@1 HLT</c> is one of machine 1, <c>@1.0 HLT</c> of its vCPU 0; <c>OUTS 0x3F8 "text"</c> is string output in one exit.
/// </remarks>
internal sealed record EventPattern
{
    private static readonly string[] TwoWords = ["MMIO"];
    private static readonly string[] WithWord = ["INTR", "INTERCEPT", "SYSTEM_EVENT", "INTERNAL_ERROR"];

    private string Text { get; init; } = string.Empty;

    private string? Name { get; init; }

    private string? Word { get; init; }

    private int? Machine { get; init; }

    private int? Vcpu { get; init; }

    private ulong?[] Numbers { get; init; } = [];

    private byte[]? Data { get; init; }

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="HostException">It is none.</exception>
    public static EventPattern Parse(string text)
    {
        List<string> tokens = Tokens(text);
        int at = 0;
        (int? machine, int? vcpu) = tokens.Count > 0 && tokens[0].StartsWith('@') ? Place(tokens[at++]) : (null, null);
        if (at >= tokens.Count)
        {
            throw new HostException($"'{text}' is no pattern of an event.");
        }

        string name = tokens[at++];
        if (TwoWords.Contains(name) && at < tokens.Count)
        {
            name += ' ' + tokens[at++];
        }

        string? word = WithWord.Contains(name) && at < tokens.Count ? tokens[at++] : null;
        byte[]? data = null;
        var numbers = new List<ulong?>();
        foreach (string token in tokens.Skip(at))
        {
            if (token.StartsWith('"'))
            {
                data = Encoding.Latin1.GetBytes(token.Trim('"'));
            }
            else
            {
                numbers.Add(token == "*" ? null : Labs.Numbers.Parse(token));
            }
        }

        return new EventPattern
        {
            Text = text,
            Name = name == "*" ? null : name,
            Word = word == "*" ? null : word,
            Machine = machine,
            Vcpu = vcpu,
            Numbers = [.. numbers],
            Data = data,
        };
    }

    /// <summary>Reads a list of patterns; <c>OUT 0x3F8 "Hi"</c> in it stands for one OUT for each character.</summary>
    public static EventPattern[] ParseAll(IEnumerable<string> texts) => [.. texts.SelectMany(Spell).Select(Parse)];

    /// <summary>Tells whether an event is one of those.</summary>
    public bool Matches(LabEvent e)
    {
        bool named = Name is null ? e.IsExit : Name == e.Name;
        if (!named || (Word is not null && Word != e.Word) || (Machine ?? e.Machine) != e.Machine || (Vcpu ?? e.Vcpu) != e.Vcpu)
        {
            return false;
        }

        for (int i = 0; i < Numbers.Length; i++)
        {
            if (Numbers[i] is { } wanted && (i >= e.Numbers.Length || e.Numbers[i] != wanted))
            {
                return false;
            }
        }

        return Data is null || e.Data.AsSpan().SequenceEqual(Data);
    }

    /// <summary>Gives an event in the form of this pattern: with machine and vCPU when the pattern has them.</summary>
    public string Describe(LabEvent e) => (Machine, Vcpu) switch
    {
        (null, _) => e.ToString(),
        (_, null) => string.Create(CultureInfo.InvariantCulture, $"@{e.Machine} {e}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"@{e.Machine}.{e.Vcpu} {e}"),
    };

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static IEnumerable<string> Spell(string text)
    {
        List<string> tokens = Tokens(text);
        int verb = tokens.IndexOf("OUT");
        if (verb < 0 || !tokens[^1].StartsWith('"'))
        {
            return [text];
        }

        string head = string.Join(' ', tokens.SkipLast(1));
        return tokens[^1].Trim('"').Select(c => c is > ' ' and < (char)0x7F ? $"{head} '{c}'" : $"{head} {Labs.Numbers.Hex(c)}");
    }

    private static (int? Machine, int? Vcpu) Place(string token)
    {
        string[] parts = token[1..].Split('.');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : null);
    }

    // White space parts tokens, but not inside quotes.
    private static List<string> Tokens(string text)
    {
        var tokens = new List<string>();
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }

            int start = at;
            if (text[at] is '"' or '\'')
            {
                int end = text.IndexOf(text[at], at + 1);
                end = end == at + 1 && text[at] == '\'' ? end + 1 : end; // '''
                at = end < 0 ? text.Length : end + 1;
            }
            else
            {
                while (at < text.Length && text[at] != ' ')
                {
                    at++;
                }
            }

            tokens.Add(text[start..at]);
        }

        return tokens;
    }
}
