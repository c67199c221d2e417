namespace KvmSharp.Machines;

/// <summary>The frame of a snapshot: how sections follow each other. See docs/snapshots.md.</summary>
/// <remarks>
/// <code>
/// magic 8 | version 4 | 0 4 | section... | end section
/// section:     name length 1 | name (ASCII) | payload length 4 | payload
/// end section: its payload is the SHA-256 of all bytes of the file before the payload
/// </code>
/// Numbers are little-endian. Bulk contents come in many sections of one name, none above <see cref="LargestSection"/>, so that a reader
/// never needs more room than that at once.
/// </remarks>
internal static class SnapshotFormat
{
    /// <summary>The version of the frame and of every section's contents.</summary>
    public const uint Version = 1;

    /// <summary>The name of the last section.</summary>
    public const string End = "end";

    /// <summary>The largest payload in bytes.</summary>
    public const int LargestSection = 4 << 20;

    /// <summary>The bytes before the first section.</summary>
    public const int HeaderBytes = 16;

    /// <summary>The bytes of a section before its payload, without the name's.</summary>
    public const int FrameBytes = 1 + sizeof(uint);

    /// <summary>The first bytes of a snapshot.</summary>
    public static ReadOnlySpan<byte> Magic => "KVMSNAP\x1A"u8;
}
