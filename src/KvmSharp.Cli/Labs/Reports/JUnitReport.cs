using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace KvmSharp.Cli.Labs;

/// <summary>Grades as JUnit XML: a suite for each submission, a test case for each check.</summary>
internal static class JUnitReport
{
    public static string Write(IReadOnlyList<LabGrade> grades) =>
        new XDocument(new XElement("testsuites", grades.Select(Suite))).ToString() + Environment.NewLine;

    private static XElement Suite(LabGrade grade)
    {
        CheckResult[] checks = [.. grade.Cases.SelectMany(result => result.Checks)];
        return new XElement(
            "testsuite",
            new XAttribute("name", Clean(string.Create(CultureInfo.InvariantCulture, $"lab{grade.Lab.Number}{(grade.Student.Length > 0 ? "." + grade.Student : string.Empty)}"))),
            new XAttribute("tests", checks.Length),
            new XAttribute("failures", checks.Count(check => check.Message is not null)),
            new XElement(
                "properties",
                new XElement("property", new XAttribute("name", "points"), new XAttribute("value", grade.Points)),
                new XElement("property", new XAttribute("name", "max"), new XAttribute("value", grade.Max))),
            grade.Cases.SelectMany(result => result.Checks.Select(check => Case(grade, result, check))));
    }

    private static XElement Case(LabGrade grade, CaseResult result, CheckResult check)
    {
        var element = new XElement("testcase", new XAttribute("classname", Clean(result.Name)), new XAttribute("name", Clean(check.Name)));
        if (check.Message is not null)
        {
            string text = grade.Errors.Count > 0 ? string.Join('\n', grade.Errors) : check.Message;
            element.Add(new XElement("failure", new XAttribute("message", Clean(text)), Clean(string.Create(CultureInfo.InvariantCulture, $"{check.Points} of {check.Max} points"))));
        }

        return element;
    }

    // A submission's exception may carry characters that XML has no form for.
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '?'));
}
