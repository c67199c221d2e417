using System.Globalization;
using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>Looks at registers, memory and page tables as they were at an exit.</summary>
internal static class StateCheck
{
    private const string NotMapped = "none";

    /// <summary>Gets what the runner must look at.</summary>
    public static Probe ProbeOf(LabCheck check) => new()
    {
        At = check.At!,
        Registers = [.. check.Registers?.Keys ?? Enumerable.Empty<string>()],
        Memory = [.. (check.Memory ?? []).Select(pair => new ProbedRange(Numbers.Parse(pair.Key), Bytes(pair.Value).Length))],
        Linear = [.. (check.Translate ?? []).Select(t => Numbers.Parse(t.Linear))],
    };

    /// <summary>Compares what it has found.</summary>
    public static Verdict Look(LabCheck check, string at, int probe, SubmissionRun run, LabCase test)
    {
        var pattern = EventPattern.Parse(at);
        (int Number, LabEvent Event)[] found = [.. SequenceCheck.Numbered(run).Where(e => pattern.Matches(e.Event))];
        int index = check.Occurrence > 0 ? check.Occurrence - 1 : found.Length + check.Occurrence;
        if (index < 0 || index >= found.Length)
        {
            return Verdict.Wrong($"there is no exit {at}{(check.Occurrence > 1 ? $" number {check.Occurrence}" : string.Empty)}: {RunEndText.Of(run, test)}");
        }

        (int number, LabEvent e) = found[index];
        return e.Probes.FirstOrDefault(result => result.Index == probe) is { } result && Complaint(check, result) is { } complaint
            ? Verdict.Wrong(string.Create(CultureInfo.InvariantCulture, $"exit {number} ({e}): {complaint}"))
            : Verdict.Right;
    }

    private static string? Complaint(LabCheck check, ProbeResult result)
    {
        int i = 0;
        foreach ((string name, string wanted) in check.Registers ?? [])
        {
            ulong value = result.Registers[i++];
            if (value != Numbers.Parse(wanted))
            {
                return $"{name} is {Numbers.Hex(value)}, expected {wanted}";
            }
        }

        i = 0;
        foreach ((string address, string wanted) in check.Memory ?? [])
        {
            byte[] bytes = result.Memory[i++];
            if (!bytes.AsSpan().SequenceEqual(Bytes(wanted)))
            {
                return bytes.Length == 0 ? $"there is no memory at {address}" : $"memory at {address} is {Show(bytes, wanted)}, expected {wanted}";
            }
        }

        i = 0;
        return (check.Translate ?? []).Select(wanted => Complaint(wanted, result.Translations[i++])).FirstOrDefault(text => text is not null);
    }

    private static string? Complaint(LabTranslation wanted, ProbedPage page)
    {
        bool isMapped = page.PageSize != 0;
        string found = isMapped ? $"leads to {Numbers.Hex(page.Physical)} through a page of {Size(page.PageSize)}, {(page.Writable ? "writable" : "read-only")}, {(page.User ? "user" : "supervisor")}" : "is not mapped";
        bool right = wanted.Physical == NotMapped ? !isMapped
            : isMapped && page.Physical == Numbers.Parse(wanted.Physical) && (wanted.Page is null || wanted.Page == Size(page.PageSize))
                && (wanted.Writable ?? page.Writable) == page.Writable && (wanted.User ?? page.User) == page.User;
        return right ? null : $"linear {wanted.Linear} {found}, expected {Wanted(wanted)}";
    }

    private static string Wanted(LabTranslation t) => t.Physical == NotMapped ? "no mapping"
        : t.Physical + (t.Page is null ? string.Empty : $", a page of {t.Page}")
            + (t.Writable is { } w ? w ? ", writable" : ", read-only" : string.Empty) + (t.User is { } u ? u ? ", user" : ", supervisor" : string.Empty);

    private static string Size(ulong bytes) => bytes switch
    {
        1 << 12 => "4K",
        1 << 21 => "2M",
        1 << 22 => "4M",
        _ => "1G",
    };

    private static byte[] Bytes(string text) => text.StartsWith('"') ? Encoding.Latin1.GetBytes(text.Trim('"')) : Convert.FromHexString(text.Replace(" ", string.Empty, StringComparison.Ordinal));

    private static string Show(byte[] bytes, string wanted) =>
        wanted.StartsWith('"') ? $"\"{new string([.. bytes.Select(b => b is >= 0x20 and < 0x7F ? (char)b : '.')])}\"" : Convert.ToHexString(bytes);
}
