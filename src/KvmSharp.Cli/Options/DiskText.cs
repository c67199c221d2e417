using System.Diagnostics.CodeAnalysis;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Reads FILE[,key=value]...: what --disk and --floppy take. A comma inside a name is written as two.</summary>
internal static class DiskText
{
    private const string Overlay = "overlay=";
    private const string Keys = "format=raw|qcow2, readonly, overlay=discard|PATH and bus=ide|virtio";

    /// <summary>Reads the value of --disk.</summary>
    /// <param name="text">The value.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="error">What is wrong and what is expected.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out DiskAttachment? disk, [NotNullWhen(false)] out string? error)
    {
        List<string> parts = Split(text);
        disk = new DiskAttachment(new DiskSpec(parts[0]));
        error = parts[0].Length == 0 ? "give the path of an image first." : null;
        var given = new HashSet<string>();
        foreach (string part in parts.Skip(1))
        {
            error ??= given.Add(part.Split('=')[0]) ? Apply(part, ref disk) : $"'{part}' gives a key a second time.";
        }

        return error is null;
    }

    /// <summary>Reads the value of --floppy: a raw image, and perhaps readonly.</summary>
    /// <param name="text">The value.</param>
    /// <param name="spec">The floppy.</param>
    /// <param name="error">What is wrong and what is expected.</param>
    public static bool TryParseFloppy(string text, out DiskSpec? spec, [NotNullWhen(false)] out string? error)
    {
        List<string> parts = Split(text);
        bool isReadOnly = parts is [_, "readonly"];
        error = parts[0].Length == 0 ? "give the path of an image first."
            : parts.Count > 1 && !isReadOnly ? $"'{parts[1]}' is not known here: only readonly can follow the file."
            : null;
        spec = new DiskSpec(parts[0]) { Format = DiskFormat.Raw, Writes = isReadOnly ? DiskWrites.Refused : DiskWrites.ToImage };
        return error is null;
    }

    private static string? Apply(string part, ref DiskAttachment disk)
    {
        DiskSpec spec = disk.Spec;
        switch (part)
        {
            case "format=raw":
                spec = spec with { Format = DiskFormat.Raw };
                break;
            case "format=qcow2":
                spec = spec with { Format = DiskFormat.Qcow2 };
                break;
            case { } when spec.Writes != DiskWrites.ToImage && (part == "readonly" || part.StartsWith(Overlay, StringComparison.Ordinal)):
                return "readonly and overlay exclude each other: leave one out.";
            case "readonly":
                spec = spec with { Writes = DiskWrites.Refused };
                break;
            case "overlay=discard":
                spec = spec with { Writes = DiskWrites.Discarded };
                break;
            case Overlay:
                return "overlay needs discard or the path of a file.";
            case { } when part.StartsWith(Overlay, StringComparison.Ordinal):
                spec = spec with { Writes = DiskWrites.ToOverlay, OverlayPath = part[Overlay.Length..] };
                break;
            case "bus=ide":
                disk = disk with { Bus = DiskBus.Ide };
                break;
            case "bus=virtio":
                disk = disk with { Bus = DiskBus.Virtio };
                break;
            default:
                return $"'{part}' is not known: give {Keys}.";
        }

        disk = disk with { Spec = spec };
        return null;
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            bool isComma = text[i] == ',';
            if (isComma && i + 1 < text.Length && text[i + 1] == ',')
            {
                i++; // the first of two: a comma of the name
            }
            else if (isComma)
            {
                parts.Add(part.ToString());
                part.Clear();
                continue;
            }

            part.Append(text[i]);
        }

        parts.Add(part.ToString());
        return parts;
    }
}
