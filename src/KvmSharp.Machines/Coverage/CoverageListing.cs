using System.Globalization;

namespace KvmSharp.Machines;

/// <summary>Coverage as a listing: a line for each instruction, with how often it was executed; <c>#####</c> for never.</summary>
public static class CoverageListing
{
    /// <summary>Writes the listing.</summary>
    /// <param name="coverage">The coverage.</param>
    /// <param name="writer">Takes the lines.</param>
    /// <returns>The line of each instruction's address within each function, counted from 1, in the functions' order.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Write(GuestCoverage coverage, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(coverage);
        ArgumentNullException.ThrowIfNull(writer);
        int line = 1;
        var lines = new List<IReadOnlyList<int>>();
        writer.WriteLine($"{coverage.Executed} of {coverage.Instructions} instructions executed{Percent(coverage.Executed, coverage.Instructions)}");
        if (coverage.Uncounted > 0)
        {
            writer.WriteLine($"{coverage.Uncounted} more were executed and not counted");
            line++;
        }

        foreach (CoveredFunction function in coverage.Functions)
        {
            writer.WriteLine();
            writer.WriteLine($"{(function.Name.Length > 0 ? function.Name : "(no symbol)")}: {function.Executed} of {function.Instructions.Count}{Percent(function.Executed, function.Instructions.Count)}");
            line += 2;
            var own = new int[function.Instructions.Count];
            for (int i = 0; i < own.Length; i++)
            {
                CoveredInstruction instruction = function.Instructions[i];
                string count = instruction.Count == 0 ? "#####" : instruction.Count.ToString(CultureInfo.InvariantCulture);
                writer.WriteLine($"{count,12}  {instruction.Address:X8}  {Convert.ToHexString(instruction.Bytes.Span),-22}  {instruction.Text}");
                own[i] = ++line;
            }

            lines.Add(own);
        }

        return lines;
    }

    private static string Percent(int part, int whole) => whole == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" ({100.0 * part / whole:F1} %)");
}
