using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace KvmSharp.Cli.Labs;

/// <summary>The values of a lab's variables for one student, and their place in texts.</summary>
/// <remarks>
/// A text says <c>${name}</c>, <c>${name+4}</c> (and - * /; a number or another name), or <c>${#name}</c> for the length of a text. The values
/// follow from the id alone, by SHA-256, so that sheet, starter, guest and judge agree on every host.
/// </remarks>
internal sealed partial class Variant
{
    private readonly Dictionary<string, string> _values;

    private Variant(Dictionary<string, string> values) => _values = values;

    /// <summary>Chooses the values for a student.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="student">The id; empty for the variant of nobody.</param>
    public static Variant Of(LabDescription lab, string student)
    {
        var values = new Dictionary<string, string>
        {
            ["lab"] = lab.Number.ToString(CultureInfo.InvariantCulture),
            ["title"] = lab.Title,
            ["student"] = student.Length == 0 ? "nobody" : student,
        };
        foreach ((string name, LabVariable variable) in lab.Variables)
        {
            values[name] = Choose(variable, Draw(string.Create(CultureInfo.InvariantCulture, $"{lab.Number}/{name}/{student}")));
        }

        return new Variant(values);
    }

    /// <summary>Puts values in the place of the student's own.</summary>
    public Variant With(IReadOnlyDictionary<string, string> others)
    {
        var values = new Dictionary<string, string>(_values);
        foreach ((string name, string value) in others)
        {
            values[name] = Expand(value);
        }

        return new Variant(values);
    }

    /// <summary>Replaces the variables in a text.</summary>
    /// <exception cref="HostException">A name is not known.</exception>
    public string Expand(string text) => Placeholder().Replace(text, match =>
    {
        string name = match.Groups["name"].Value;
        if (!_values.TryGetValue(name, out string? value))
        {
            throw new HostException($"'{match.Value}' names no variable of this lab.");
        }

        if (match.Groups["length"].Success)
        {
            return value.Length.ToString(CultureInfo.InvariantCulture);
        }

        string operand = match.Groups["operand"].Value;
        return match.Groups["operator"].Success ? Compute(value, match.Groups["operator"].Value[0], Numbers.Parse(_values.GetValueOrDefault(operand, operand))) : value;
    });

    private static string Compute(string value, char operation, ulong operand)
    {
        ulong number = Numbers.Parse(value);
        ulong result = operation switch { '+' => number + operand, '-' => number - operand, '*' => number * operand, _ => number / operand };
        return value.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? string.Create(CultureInfo.InvariantCulture, $"0x{result:X}")
            : result.ToString(CultureInfo.InvariantCulture);
    }

    private static string Choose(LabVariable variable, BigInteger draw)
    {
        if (variable.Choose is { Length: > 0 } choices)
        {
            return choices[(int)(draw % choices.Length)];
        }

        string from = variable.From ?? throw new HostException("A variable of a lab has neither 'choose' nor 'from'.");
        (ulong first, ulong last, ulong step) = (Numbers.Parse(from), Numbers.Parse(variable.To ?? from), Numbers.Parse(variable.Step));
        return Compute(from, '+', (ulong)(draw % (((last - first) / step) + 1)) * step);
    }

    private static BigInteger Draw(string seed) => new(SHA256.HashData(Encoding.UTF8.GetBytes(seed)), isUnsigned: true);

    [GeneratedRegex(@"\$\{(?<length>#)?(?<name>[A-Za-z][A-Za-z0-9]*)((?<operator>[-+*/])(?<operand>[0-9A-Za-z]+))?\}")]
    private static partial Regex Placeholder();
}
