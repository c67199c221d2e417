using System.Globalization;
using Iced.Intel;
using KvmSharp.Lockstep;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary>Prints what came of a comparison: the first difference, if there is one, and a line that sums up.</summary>
internal static class LockstepReport
{
    public static void Print(LockstepResult result, bool cancelled, TextWriter writer)
    {
        if (result.Divergence is { } divergence)
        {
            Print(divergence, writer);
        }

        double share = result.Instructions == 0 ? 0 : 100.0 * Math.Min(result.InstructionsTranslated, result.Instructions) / result.Instructions;
        string verdict = result.Divergence is null ? "equal" : "different";
        string end = result.Ending is { } ending ? $"the guest ended by {ending}" : cancelled ? "the comparison was stopped" : "the limit was reached";
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{verdict}: {result.Instructions} instructions compared, {share:F1} % of them ran translated; {end}."));
        writer.Flush();
    }

    private static void Print(LockstepDivergence divergence, TextWriter writer)
    {
        string behind = divergence.Instruction == 0 ? "at the start" : string.Create(CultureInfo.InvariantCulture, $"behind instruction {divergence.Instruction}");
        writer.WriteLine(divergence.IsReproduced
            ? $"The engines differ {behind}, and were equal before."
            : $"The engines differed {behind} or some before, but not when run again: the comparison itself is not deterministic here.");
        if (divergence.Steps.Count > 1)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"One of these {divergence.Steps.Count} is the cause; translated, they ran in one go:"));
        }

        foreach (LockstepStep step in divergence.Steps)
        {
            writer.WriteLine(Describe(step));
        }

        Table table = Tables.New("Differs", "Interpreter", "Translator");
        foreach (StateDifference difference in divergence.Differences)
        {
            table.AddRow(Markup.Escape(difference.Name), Markup.Escape(difference.Interpreter), Markup.Escape(difference.Translator));
        }

        Tables.On(writer).Write(table);
    }

    private static string Describe(LockstepStep step)
    {
        CodePlace place = step.Place;
        string at = string.Create(CultureInfo.InvariantCulture, $"{step.Number,12}  vCPU {place.VcpuId}  {place.CodeSegment:X4}:{place.InstructionPointer:X8}");
        string delivery = step.IsDelivery ? "  (an interrupt or exception was delivered here)" : string.Empty;
        if (place.Bytes.IsEmpty)
        {
            return $"{at}  not readable{delivery}";
        }

        Decoder decoder = Decoder.Create(place.CodeBits, place.Bytes.ToArray());
        decoder.IP = place.InstructionPointer;
        Instruction instruction = decoder.Decode();
        var text = new StringOutput();
        new NasmFormatter().Format(instruction, text);
        return $"{at}  {Convert.ToHexString(place.Bytes.Span[..instruction.Length]),-20}  {text.ToStringAndReset()}{delivery}";
    }
}
