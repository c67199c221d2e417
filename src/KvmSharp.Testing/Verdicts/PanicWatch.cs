using System.Text.RegularExpressions;

namespace KvmSharp.Testing;

/// <summary>Reads complete lines for a kernel's last words.</summary>
/// <param name="pattern">What a panic looks like; <see langword="null"/> looks for none.</param>
internal sealed partial class PanicWatch(Regex? pattern)
{
    /// <summary>What Linux, the BSDs and many teaching kernels print.</summary>
    [GeneratedRegex(@"Kernel panic - not syncing.*|^(kernel )?panic: .*|^KERNEL PANIC.*", RegexOptions.CultureInvariant)]
    public static partial Regex Default { get; }

    /// <summary>The words, when there were any.</summary>
    public string? Text { get; private set; }

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <returns>Whether it is a panic, the first.</returns>
    public bool Read(string line)
    {
        if (Text is not null || pattern?.Match(line) is not { Success: true } match)
        {
            return false;
        }

        Text = match.Value.Trim();
        return true;
    }

    /// <summary>Makes one that has read the same.</summary>
    public PanicWatch Copy() => new(pattern) { Text = Text };
}
