using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Makes the guests of a lab: <c>guests/NAME.asm</c>, a text with the student's variables in it, becomes a flat image.</summary>
/// <remarks>
/// A source begins with <c>bits 16</c>, 32 or 64 and <c>org ADDRESS</c>; each line is one statement, and a semicolon begins a comment. A file
/// <c>guests/NAME.bin</c> is taken as it is.
/// </remarks>
internal static class GuestImages
{
    /// <summary>Gets the source of a guest with the student's values, or null when it is an image already.</summary>
    /// <param name="folders">Where guests may lie, the first one first.</param>
    /// <param name="name">Its name.</param>
    /// <param name="variant">The values.</param>
    public static string? Source(IEnumerable<string> folders, string name, Variant variant) =>
        Find(folders, name + ".asm") is { } path ? variant.Expand(File.ReadAllText(path)) : null;

    /// <summary>Makes the image of a guest.</summary>
    /// <exception cref="HostException">There is no such guest, or its source is wrong.</exception>
    public static byte[] Image(IReadOnlyList<string> folders, string name, Variant variant)
    {
        if (Source(folders, name, variant) is { } source)
        {
            try
            {
                return Assemble(source);
            }
            catch (AssemblyException e)
            {
                throw new HostException($"The guest {name}.asm: {e.Message}", e);
            }
        }

        return Find(folders, name + ".bin") is { } image ? File.ReadAllBytes(image) : throw new HostException($"There is no guest '{name}' in {folders[0]}.");
    }

    private static string? Find(IEnumerable<string> folders, string file) =>
        folders.Select(folder => Path.Combine(folder, "guests", file)).FirstOrDefault(File.Exists);

    private static byte[] Assemble(string source)
    {
        int bits = 16;
        ulong origin = 0;
        var statements = new List<string>();
        foreach (string line in source.Split('\n'))
        {
            string statement = WithoutComment(line).Trim();
            if (statement.StartsWith("bits ", StringComparison.OrdinalIgnoreCase))
            {
                bits = int.Parse(statement.AsSpan("bits ".Length), CultureInfo.InvariantCulture);
            }
            else if (statement.StartsWith("org ", StringComparison.OrdinalIgnoreCase))
            {
                origin = Numbers.Parse(statement["org ".Length..].Trim());
            }
            else
            {
                statements.Add(statement);
            }
        }

        return new LineAssembler(bits, origin).Assemble(string.Join('\n', statements));
    }

    // A semicolon inside quotes is text.
    private static string WithoutComment(string line)
    {
        char quote = '\0';
        for (int i = 0; i < line.Length; i++)
        {
            if (quote == '\0' && line[i] == ';')
            {
                return line[..i];
            }

            quote = quote == '\0' && line[i] is '"' or '\'' ? line[i] : line[i] == quote ? '\0' : quote;
        }

        return line;
    }
}
