using System.Text.Json.Nodes;

namespace KvmSharp.Cli.Labs;

/// <summary>A grade as the <c>results.json</c> that Gradescope's autograder reads.</summary>
internal static class GradescopeReport
{
    public static string Write(LabGrade grade)
    {
        var tests = new JsonArray();
        foreach (CaseResult result in grade.Cases)
        {
            foreach (CheckResult check in result.Checks)
            {
                tests.Add((JsonNode)new JsonObject
                {
                    ["name"] = $"{result.Name}: {check.Name}",
                    ["score"] = check.Points,
                    ["max_score"] = check.Max,
                    ["status"] = check.Message is null ? "passed" : "failed",
                    ["output"] = check.Message ?? string.Empty,
                    ["visibility"] = result.IsHidden ? "after_published" : "visible",
                });
            }
        }

        var root = new JsonObject
        {
            ["score"] = grade.Points,
            ["output"] = string.Join('\n', grade.Errors),
            ["tests"] = tests,
        };
        return root.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) + Environment.NewLine;
    }
}
