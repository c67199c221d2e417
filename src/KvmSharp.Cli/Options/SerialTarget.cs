namespace KvmSharp.Cli;

/// <summary>Where the serial port goes.</summary>
/// <param name="Kind">The kind of place.</param>
/// <param name="Path">The file's path.</param>
internal sealed record SerialTarget(SerialTargetKind Kind, string Path = "")
{
    private const string FilePrefix = "file:";

    public static bool IsValid(string text) => text is "stdio" or "none" || (text.StartsWith(FilePrefix, StringComparison.Ordinal) && text.Length > FilePrefix.Length);

    public static SerialTarget Parse(string text) => text switch
    {
        "stdio" => new SerialTarget(SerialTargetKind.StandardStreams),
        "none" => new SerialTarget(SerialTargetKind.None),
        _ => new SerialTarget(SerialTargetKind.File, text[FilePrefix.Length..]),
    };
}

/// <summary>The kinds of place that a serial port can go to.</summary>
internal enum SerialTargetKind
{
    StandardStreams,
    None,
    File,
}
