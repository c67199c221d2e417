namespace KvmSharp.Cli.Labs;

/// <summary>Writes grades in one of the forms that people and their systems read.</summary>
internal static class LabReport
{
    public const string Text = "text";
    public const string JUnit = "junit";
    public const string Gradescope = "gradescope";
    public const string Csv = "csv";

    /// <summary>Gives the report.</summary>
    /// <param name="format">One of the constants.</param>
    /// <param name="grades">The grades; gradescope takes one.</param>
    public static string Write(string format, IReadOnlyList<LabGrade> grades) => format switch
    {
        JUnit => JUnitReport.Write(grades),
        Gradescope => GradescopeReport.Write(grades.Single()),
        Csv => CsvReport.Write(grades),
        _ => TextReport.Write(grades),
    };
}
