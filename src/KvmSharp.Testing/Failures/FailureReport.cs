using System.Globalization;
using System.Text;

namespace KvmSharp.Testing;

/// <summary>What a person needs who looks at a guest that did not do what a test expected.</summary>
public sealed record FailureReport
{
    private const int Lines = 20;

    /// <summary>Gets the budget and what was used of it.</summary>
    public required string Used { get; init; }

    /// <summary>Gets where each processor is.</summary>
    public required IReadOnlyList<string> Places { get; init; }

    /// <summary>Gets the last lines on the serial port.</summary>
    public required IReadOnlyList<string> LastLines { get; init; }

    /// <summary>Gets the rows on the text screen, when it shows anything.</summary>
    public required IReadOnlyList<string> ScreenLines { get; init; }

    /// <summary>Gets how to see the same run again.</summary>
    public required string Replay { get; init; }

    /// <summary>Gives the report as lines below a sentence.</summary>
    /// <returns>The text, without a line feed at its end.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append("  used     ").Append(Used);
        foreach (string place in Places)
        {
            text.Append("\n  guest at ").Append(place);
        }

        Append(text, "serial", LastLines);
        if (ScreenLines.Count > 0)
        {
            Append(text, "screen", ScreenLines);
        }

        return text.Append("\n  replay   ").Append(Replay).ToString();
    }

    internal static FailureReport Of(GuestMachine machine, BudgetMeter meter, GuestDescription description) => new()
    {
        Used = string.Create(
            CultureInfo.InvariantCulture,
            $"{meter.Instructions:N0} instructions, {meter.Time.TotalMilliseconds:N3} ms of virtual time; the budget was {meter.Budget}"),
        Places = [.. machine.Vcpus.Select(vcpu => GuestPlace.Describe(vcpu, machine, description.Symbols.Value))],
        LastLines = machine.Serial.LastLines(Lines),
        ScreenLines = machine.Pc.Screen.IsUntouched ? [] : [.. machine.Screen.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Lines)],
        Replay = description.Options.Deterministic
            ? string.Create(CultureInfo.InvariantCulture, $"the same description with WithSeed({machine.Seed}) runs alike, up to instruction {machine.InstructionsRetired:N0}")
            : "the machine follows the host's time: another run will differ",
    };

    private static void Append(StringBuilder text, string title, IReadOnlyList<string> lines)
    {
        text.Append("\n  ").Append(title).Append(lines.Count == 0 ? "   nothing" : "   last lines:");
        foreach (string line in lines)
        {
            text.Append("\n    | ").Append(ConsoleText.Escape(line));
        }
    }
}
