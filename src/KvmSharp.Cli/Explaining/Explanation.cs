namespace KvmSharp.Cli;

/// <summary>An explanation: paragraphs with a title each.</summary>
internal sealed class Explanation
{
    private readonly List<(string Title, List<string> Lines)> _parts = [];

    /// <summary>Adds a paragraph; one without lines is left out.</summary>
    public void Add(string title, params IEnumerable<string> lines)
    {
        List<string> all = [.. lines];
        if (all.Count > 0)
        {
            _parts.Add((title, all));
        }
    }

    public void Print(TextWriter writer)
    {
        foreach ((string title, List<string> lines) in _parts)
        {
            writer.WriteLine(title);
            foreach (string line in lines)
            {
                writer.WriteLine($"  {line}");
            }
        }

        writer.Flush();
    }
}
