using System.Globalization;
using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>Grades as comma-separated values (RFC 4180), for a gradebook.</summary>
internal static class CsvReport
{
    public static string Write(IReadOnlyList<LabGrade> grades)
    {
        var text = new StringBuilder("student,lab,points,max,percent,message\r\n");
        foreach (LabGrade grade in grades)
        {
            double percent = grade.Max == 0 ? 0 : 100.0 * grade.Points / grade.Max;
            text.Append(CultureInfo.InvariantCulture, $"{Field(grade.Student)},{grade.Lab.Number},{grade.Points},{grade.Max},{percent:F1},{Field(grade.FirstMessage ?? string.Empty)}\r\n");
        }

        return text.ToString();
    }

    // A field that a spreadsheet would take for a formula gets a quote in front.
    private static string Field(string value)
    {
        string safe = value.Length > 0 && value[0] is '=' or '+' or '-' or '@' ? "'" + value : value;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
