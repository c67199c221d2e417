using System.CommandLine;
using System.CommandLine.Parsing;

namespace KvmSharp.Cli;

/// <summary>Reads one value; gives false when the text is not one.</summary>
internal delegate bool TryParse<T>(string text, out T value);

/// <summary>Makes options whose values are read by a parser of our own, with an error that says what is expected.</summary>
internal static class TextOption
{
    /// <summary>An option with a value that is read by a parser.</summary>
    /// <remarks>Help shows <paramref name="missing"/> behind the description; null is not shown, for a default that does not read well by itself.</remarks>
    public static Option<T> Parsed<T>(string name, string valueName, string description, TryParse<T> parse, string expected, T missing) => new(name)
    {
        Description = description,
        HelpName = valueName,
        DefaultValueFactory = _ => missing,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (!parse(text, out T value))
            {
                result.AddError($"{name} does not take '{text}': give {expected}.");
            }

            return value;
        },
    };

    /// <summary>An option that takes one of a few words.</summary>
    public static Option<string> Choice(string name, string description, string missing, params string[] words)
    {
        Option<string> option = Parsed(
            name, string.Join('|', words), description, (string text, out string word) => words.Contains(word = text), string.Join(" or ", words), missing);
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>An option that is there or not.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>An option with a path or other text, null when it is not given.</summary>
    public static Option<string?> Text(string name, string valueName, string description) => new(name) { Description = description, HelpName = valueName };

    /// <summary>Refuses positional values that begin with a dash: a mistyped option is never taken for a file.</summary>
    public static Argument<T> WithoutDashes<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens.Where(t => t.Value.StartsWith('-') && t.Value.Length > 1))
            {
                result.AddError($"'{token.Value}' is no option of this command. For a file of that name write ./{token.Value}.");
            }
        });
        return argument;
    }
}
