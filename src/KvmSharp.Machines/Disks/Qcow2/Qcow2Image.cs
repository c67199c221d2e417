using System.Buffers.Binary;
using System.Text;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Creates qcow2 images: version 3, clusters of 64 KiB, refcounts of 16 bits, nothing allocated but the tables.</summary>
public static class Qcow2Image
{
    private const int ClusterBits = 16;
    private const long ClusterBytes = 1L << ClusterBits;
    private const long BytesPerL1Entry = ClusterBytes / 8 * ClusterBytes;
    private const long LargestSize = (32L << 20) / 8 * BytesPerL1Entry; // an L1 table of 32 MiB
    private const int HeaderBytes = 104;
    private const int RefcountOrder = 4;

    /// <summary>Creates an image. It appears under its name only when it is whole.</summary>
    /// <param name="path">The new file; it does not exist.</param>
    /// <param name="size">The size of the disk in bytes, rounded up to whole sectors.</param>
    /// <param name="backing">The image that holds what this one does not; <see langword="null"/> for none.</param>
    /// <param name="backingFormat">The backing image's format, which is recorded, so that it is never guessed again.</param>
    /// <exception cref="ImageException">It cannot be created.</exception>
    public static void Create(string path, long size, string? backing = null, DiskFormat backingFormat = DiskFormat.Raw)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        if (size > LargestSize)
        {
            throw new ImageException($"{path} would be larger than a qcow2 image with clusters of 64 KiB can be: give a smaller disk.");
        }

        string unfinished = path + ".new";
        try
        {
            using (FileStream file = new(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                Write(file, RoundUp(size, IDisk.SectorBytes), backing is null ? null : NameFor(path, backing), backingFormat);
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            if (File.Exists(unfinished))
            {
                File.Delete(unfinished);
            }

            throw new ImageException($"{path} could not be created: {e.Message}", e);
        }
    }

    // Relative where both can move together, that is when the backing image lies in the new one's folder or below.
    private static string NameFor(string path, string backing)
    {
        string full = Path.GetFullPath(backing);
        string relative = Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(path))!, full);
        string name = relative.StartsWith("..", StringComparison.Ordinal) || relative.Contains(':', StringComparison.Ordinal) ? full : relative;
        return Encoding.UTF8.GetByteCount(name) <= Qcow2Backing.LongestName
            ? name
            : throw new ImageException($"{backing} has a path too long for a qcow2 image: move it to a shorter one.");
    }

    // Cluster 0: header; 1: refcount table; 2: the only refcount block; from 3 on: the L1 table.
    private static void Write(FileStream file, long size, string? backing, DiskFormat backingFormat)
    {
        long l1Entries = RoundUp(size, BytesPerL1Entry) / BytesPerL1Entry;
        long clusters = 3 + (RoundUp(l1Entries * 8, ClusterBytes) / ClusterBytes);
        var start = new byte[3 * ClusterBytes];
        Qcow2Header.Magic.CopyTo(start);
        UInt32(start, 4, 3);
        UInt32(start, 20, ClusterBits);
        UInt64(start, 24, (ulong)size);
        UInt32(start, 36, (uint)l1Entries);
        UInt64(start, 40, 3 * (ulong)ClusterBytes);
        UInt64(start, Qcow2Header.RefcountTableFields, (ulong)ClusterBytes);
        UInt32(start, Qcow2Header.RefcountTableFields + 8, 1);
        UInt32(start, 96, RefcountOrder);
        UInt32(start, 100, HeaderBytes);
        if (backing is not null)
        {
            WriteBacking(start, backing, backingFormat);
        }

        UInt64(start, (int)ClusterBytes, 2 * (ulong)ClusterBytes);
        var block = new RefcountBlock(RefcountOrder);
        for (int i = 0; i < clusters; i++)
        {
            block.Set(start.AsSpan(2 * (int)ClusterBytes), i, 1);
        }

        file.Write(start);
        file.SetLength(clusters * ClusterBytes);
    }

    private static void WriteBacking(byte[] start, string backing, DiskFormat format)
    {
        ReadOnlySpan<byte> formatName = format == DiskFormat.Raw ? "raw"u8 : "qcow2"u8;
        UInt32(start, HeaderBytes, Qcow2Backing.FormatExtension);
        UInt32(start, HeaderBytes + 4, (uint)formatName.Length);
        formatName.CopyTo(start.AsSpan(HeaderBytes + 8));
        int nameOffset = HeaderBytes + 8 + 8 + 8; // behind the padded format and the extension that ends the list
        UInt64(start, 8, (ulong)nameOffset);
        UInt32(start, 16, (uint)Encoding.UTF8.GetBytes(backing, start.AsSpan(nameOffset)));
    }

    private static void UInt32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);

    private static void UInt64(byte[] bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(offset), value);

    private static long RoundUp(long amount, long unit) => (amount + unit - 1) / unit * unit;
}
