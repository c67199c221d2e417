using System.Globalization;
using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>Grades for people; several of them as one line each.</summary>
internal static class TextReport
{
    public static string Write(IReadOnlyList<LabGrade> grades)
    {
        var text = new StringBuilder();
        if (grades is [var only])
        {
            One(text, only);
        }
        else
        {
            Summary(text, grades);
        }

        return text.ToString();
    }

    private static void One(StringBuilder text, LabGrade grade)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"Lab {grade.Lab.Number}: {grade.Lab.Title}{(grade.Student.Length > 0 ? $" ({grade.Student})" : string.Empty)}");
        text.AppendLine();
        foreach (string error in grade.Errors)
        {
            text.AppendLine(error);
        }

        foreach (CaseResult result in grade.Errors.Count > 0 ? [] : grade.Cases)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{result.Name}: {result.Title}{(result.IsHidden ? " [hidden]" : string.Empty)}");
            foreach (CheckResult check in result.Checks)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {(check.Message is null ? "ok  " : "FAIL")} {check.Points,3} of {check.Max,-3} {check.Name}");
                if (check.Message is not null)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"                  {check.Message}");
                }
            }
        }

        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{grade.Points} of {grade.Max} points");
    }

    private static void Summary(StringBuilder text, IReadOnlyList<LabGrade> grades)
    {
        int width = grades.Count == 0 ? 0 : grades.Max(grade => grade.Student.Length);
        foreach (LabGrade grade in grades)
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"{grade.Student.PadRight(width)}  {grade.Points,3} of {grade.Max}  {grade.FirstMessage}");
            text.AppendLine(line.TrimEnd());
        }

        double mean = grades.Count == 0 ? 0 : grades.Average(grade => (double)grade.Points);
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{grades.Count} submissions, {grades.Count(grade => grade.IsFull)} with full marks, {grades.Count(grade => grade.Errors.Count > 0)} not run, mean {mean:F1}");
    }
}
