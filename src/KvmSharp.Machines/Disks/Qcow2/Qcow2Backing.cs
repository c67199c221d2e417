using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>What an image says about the image below it.</summary>
/// <param name="Name">The file's name; a relative one starts from the folder of the image that names it.</param>
/// <param name="Format">The format's name; <see langword="null"/> when the image does not say it.</param>
internal sealed record Qcow2Backing(string Name, string? Format)
{
    /// <summary>The header extension that names the format.</summary>
    public const uint FormatExtension = 0xE279_2ACA;

    /// <summary>The longest name, in bytes.</summary>
    public const int LongestName = 1023;

    private const uint ExtensionsEnd = 0;
    private const int ExtensionHeaderBytes = 8;

    /// <summary>Reads name and format.</summary>
    /// <param name="file">The image.</param>
    /// <param name="offset">Where the name stands, inside the first cluster; 0 for an image without one.</param>
    /// <param name="length">The name's length in bytes.</param>
    /// <param name="headerBytes">Where the header extensions begin.</param>
    /// <param name="clusterBytes">The size of the first cluster.</param>
    /// <returns>What was found; <see langword="null"/> without a backing file.</returns>
    public static Qcow2Backing? Read(IHostFile file, ulong offset, uint length, int headerBytes, long clusterBytes)
    {
        if (offset == 0)
        {
            return null;
        }

        if (length is 0 or > LongestName || offset > (ulong)clusterBytes || length > (ulong)clusterBytes - offset)
        {
            throw Qcow2Header.Damaged(file, "the backing file's name is not in the first cluster");
        }

        var name = new byte[length];
        return new Qcow2Backing(ReadText(file, (long)offset, length), ReadFormat(file, headerBytes, (long)offset));
    }

    // No control characters: the text goes into messages, and so to a terminal.
    private static string ReadText(IHostFile file, long offset, long length)
    {
        var text = new byte[length];
        return file.Read(offset, text) == text.Length && !text.Any(b => b < ' ')
            ? Encoding.UTF8.GetString(text)
            : throw Qcow2Header.Damaged(file, "the backing file's name or format is no text");
    }

    // Extensions follow each other, each padded to 8 bytes; the name of the backing file ends them at the latest.
    private static string? ReadFormat(IHostFile file, long offset, long end)
    {
        Span<byte> header = stackalloc byte[ExtensionHeaderBytes];
        while (offset + ExtensionHeaderBytes <= end && file.Read(offset, header) == ExtensionHeaderBytes)
        {
            uint type = BinaryPrimitives.ReadUInt32BigEndian(header);
            long length = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
            offset += ExtensionHeaderBytes;
            if (type == ExtensionsEnd)
            {
                break;
            }

            if (length > end - offset)
            {
                throw Qcow2Header.Damaged(file, "a header extension is too long");
            }

            if (type == FormatExtension)
            {
                return ReadText(file, offset, Math.Min(length, LongestName));
            }

            offset += (length + 7) & ~7L;
        }

        return null;
    }
}
