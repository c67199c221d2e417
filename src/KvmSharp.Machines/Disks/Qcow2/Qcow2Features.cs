using System.Globalization;
using System.Numerics;

namespace KvmSharp.Machines;

/// <summary>The features that an implementation must know to open an image: each one that is not supported is refused by its name.</summary>
/// <remarks>Source: QEMU docs/interop/qcow2, "Header", incompatible_features and compression_type.</remarks>
internal static class Qcow2Features
{
    private const int Dirty = 0;
    private const int Corrupt = 1;
    private const int ExternalData = 2;
    private const int CompressionType = 3;
    private const int ExtendedL2 = 4;
    private const byte Zlib = 0;
    private const byte Zstd = 1;

    /// <summary>Refuses what is not supported.</summary>
    /// <param name="file">The image; a dirty one may be read, because only its refcounts are in doubt.</param>
    /// <param name="features">The incompatible features.</param>
    /// <param name="compressionType">The compression type.</param>
    public static void Check(IHostFile file, ulong features, byte compressionType)
    {
        for (ulong rest = features; rest != 0; rest &= rest - 1)
        {
            int bit = BitOperations.TrailingZeroCount(rest);
            string? refusal = bit switch
            {
                Dirty when file.IsReadOnly => null,
                Dirty => "was not closed properly (dirty bit): run 'qemu-img check -r all' on it first",
                Corrupt => "is marked as corrupt (corrupt bit): run 'qemu-img check -r all' on it first",
                ExternalData => "keeps its data in another file (external data file bit), which is not supported: convert it with 'qemu-img convert'",
                CompressionType => null,
                ExtendedL2 => "has subclusters (extended L2 entries bit), which are not supported: convert it with 'qemu-img convert'",
                _ => string.Create(CultureInfo.InvariantCulture, $"needs the unknown incompatible feature of bit {bit}: convert it with 'qemu-img convert'"),
            };
            if (refusal is not null)
            {
                throw new ImageException($"{file.Name} {refusal}.");
            }
        }

        if (compressionType != Zlib)
        {
            string name = compressionType == Zstd ? "zstd" : string.Create(CultureInfo.InvariantCulture, $"method {compressionType}");
            throw new ImageException($"{file.Name} is compressed with {name}, and only zlib is supported: convert it with 'qemu-img convert -O qcow2'.");
        }

        if ((features & (1UL << CompressionType)) != 0)
        {
            throw Qcow2Header.Damaged(file, "the compression type bit is set, but the type is zlib");
        }
    }
}
