using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The header of a qcow2 image, checked: every size in it is within bounds before anyone allocates by it.</summary>
/// <remarks>Source: QEMU docs/interop/qcow2, "Header" and "Header extensions". All numbers are big-endian.</remarks>
internal sealed record Qcow2Header
{
    // The limits that QEMU has too, so that every image that it can make can be opened.
    private const int SmallestClusterBits = 9;
    private const int LargestClusterBits = 21;
    private const long LargestL1Bytes = 32 << 20;

    private const int Version2Bytes = 72;
    private const int Version3Bytes = 104;
    private const int Version2RefcountOrder = 4;
    private const int LargestRefcountOrder = 6;

    /// <summary>Where the refcount table's offset (8 bytes) and its size in clusters (4 bytes) stand.</summary>
    public const int RefcountTableFields = 48;

    /// <summary>Where the auto-clear features stand (8 bytes).</summary>
    public const int AutoclearFeatures = 88;

    /// <summary>The largest refcount table, in bytes: 512 TiB of file with clusters of 64 KiB.</summary>
    public const long LargestRefcountTableBytes = 8 << 20;

    /// <summary>Gets the first four bytes of every qcow2 image.</summary>
    public static ReadOnlySpan<byte> Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xFB];

    /// <summary>Gets the version: 2 or 3. Only 3 has clusters of zeros.</summary>
    public required int Version { get; init; }

    /// <summary>Gets the binary logarithm of the cluster size.</summary>
    public required int ClusterBits { get; init; }

    /// <summary>Gets the size of the disk in bytes, rounded up to whole sectors.</summary>
    public required long Size { get; init; }

    /// <summary>Gets the number of L1 entries that the size needs; the table may have more.</summary>
    public required int L1Entries { get; init; }

    /// <summary>Gets the size of the whole L1 table in bytes.</summary>
    public required long L1Bytes { get; init; }

    /// <summary>Gets where the L1 table is.</summary>
    public required long L1Offset { get; init; }

    /// <summary>Gets where the refcount table is.</summary>
    public required long RefcountTableOffset { get; init; }

    /// <summary>Gets the size of the refcount table in bytes.</summary>
    public required int RefcountTableBytes { get; init; }

    /// <summary>Gets the binary logarithm of a refcount's bits.</summary>
    public required int RefcountOrder { get; init; }

    /// <summary>Gets a value indicating whether the header promises something that ends with the first write, such as valid dirty bitmaps.</summary>
    public required bool HasAutoclearFeatures { get; init; }

    /// <summary>Gets the image that holds what this one does not; <see langword="null"/> without one.</summary>
    public Qcow2Backing? Backing { get; init; }

    /// <summary>Gets the size of a cluster in bytes.</summary>
    public int ClusterBytes => 1 << ClusterBits;

    /// <summary>Reads and checks the header.</summary>
    /// <param name="file">The image.</param>
    /// <returns>The header.</returns>
    /// <exception cref="ImageException">It is damaged, or it needs something that is not supported.</exception>
    public static Qcow2Header Read(IHostFile file)
    {
        Span<byte> start = stackalloc byte[Version3Bytes + 1];
        start.Clear();
        int length = file.Read(0, start);
        if (length < Version2Bytes || !start.StartsWith(Magic))
        {
            throw new ImageException($"{file.Name} has no qcow2 header: leave format=qcow2 out, or give another image.");
        }

        int version = CheckVersion(file, start);
        int headerBytes = version == 2 ? Version2Bytes : CheckVersion3(file, start[..length]);
        uint clusterBits = UInt32(start, 20);
        Require(file, clusterBits is >= SmallestClusterBits and <= LargestClusterBits, "the cluster size is not between 512 bytes and 2 MiB");
        long clusterBytes = 1L << (int)clusterBits;
        Require(file, headerBytes <= clusterBytes, "the header length is wrong");
        if (UInt32(start, 32) != 0)
        {
            throw new ImageException($"{file.Name} is encrypted, which is not supported: convert it with 'qemu-img convert'.");
        }

        ulong size = UInt64(start, 24);
        ulong l2Covers = (ulong)(clusterBytes / 8 * clusterBytes);
        ulong l1Entries = (size / l2Covers) + (size % l2Covers == 0 ? 0UL : 1UL);
        ulong l1Bytes = UInt32(start, 36) * 8UL;
        Require(file, size > 0, "the disk has no sectors");
        Require(file, l1Bytes <= LargestL1Bytes && l1Entries <= l1Bytes / 8, "the L1 table's size does not fit the disk's size");
        ulong refcountTableBytes = (ulong)UInt32(start, 56) << (int)clusterBits;
        Require(file, refcountTableBytes is > 0 and <= LargestRefcountTableBytes, "the refcount table's size is wrong");
        uint refcountOrder = version == 2 ? Version2RefcountOrder : UInt32(start, 96);
        Require(file, refcountOrder <= LargestRefcountOrder, "refcounts are wider than 64 bits");
        return new Qcow2Header
        {
            Version = version,
            ClusterBits = (int)clusterBits,
            Size = (long)((size + IDisk.SectorBytes - 1) / IDisk.SectorBytes * IDisk.SectorBytes),
            L1Entries = (int)l1Entries,
            L1Bytes = (long)l1Bytes,
            L1Offset = TableOffset(file, UInt64(start, 40), l1Bytes, clusterBytes, "L1 table"),
            RefcountTableOffset = TableOffset(file, UInt64(start, 48), refcountTableBytes, clusterBytes, "refcount table"),
            RefcountTableBytes = (int)refcountTableBytes,
            RefcountOrder = (int)refcountOrder,
            HasAutoclearFeatures = version == 3 && UInt64(start, AutoclearFeatures) != 0,
            Backing = Qcow2Backing.Read(file, UInt64(start, 8), UInt32(start, 16), headerBytes, clusterBytes),
        };
    }

    /// <summary>The image is damaged: refuses it with one sentence for all kinds of damage.</summary>
    /// <param name="file">The image.</param>
    /// <param name="what">What is wrong, as the middle of a sentence.</param>
    /// <returns>The exception.</returns>
    public static ImageException Damaged(IHostFile file, string what) =>
        new($"{file.Name} is damaged: {what}; restore it from a copy, or try 'qemu-img check -r all'.");

    private static void Require(IHostFile file, bool condition, string what)
    {
        if (!condition)
        {
            throw Damaged(file, what);
        }
    }

    private static int CheckVersion(IHostFile file, ReadOnlySpan<byte> start)
    {
        uint version = UInt32(start, 4);
        return version is 2 or 3
            ? (int)version
            : throw new ImageException($"{file.Name} is a qcow image of version {version}, and only 2 and 3 are supported: convert it with 'qemu-img convert -O qcow2'.");
    }

    private static int CheckVersion3(IHostFile file, ReadOnlySpan<byte> start)
    {
        Require(file, start.Length >= Version3Bytes, "the header is cut short");
        uint headerBytes = UInt32(start, 100);
        Require(file, headerBytes is >= Version3Bytes and <= 1 << LargestClusterBits && headerBytes % 8 == 0, "the header length is wrong");
        Qcow2Features.Check(file, UInt64(start, 72), headerBytes > Version3Bytes && start.Length > Version3Bytes ? start[Version3Bytes] : (byte)0);
        return (int)headerBytes;
    }

    private static long TableOffset(IHostFile file, ulong offset, ulong bytes, long clusterBytes, string table)
    {
        ulong length = (ulong)file.Length;
        Require(file, offset % (ulong)clusterBytes == 0 && offset != 0, $"the {table} is not at a cluster of its own");
        Require(file, offset <= length && bytes <= length - offset, $"the {table} lies beyond the end of the file");
        return (long)offset;
    }

    private static uint UInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);

    private static ulong UInt64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64BigEndian(bytes[offset..]);
}
