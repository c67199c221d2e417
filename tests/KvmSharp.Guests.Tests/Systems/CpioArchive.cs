using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Writes an initial RAM disk: a cpio archive in the "newc" format. Linux, Documentation/driver-api/early-userspace/buffer-format.rst.</summary>
internal sealed class CpioArchive
{
    private const int Directory = 0x41ED;   // 040755
    private const int Executable = 0x81ED;  // 0100755
    private const int CharacterDevice = 0x2180; // 020600

    private readonly List<byte> _bytes = [];
    private int _inode = 1;

    /// <summary>Adds a directory.</summary>
    public CpioArchive Folder(string path) => Add(path, Directory, []);

    /// <summary>Adds a file that can be executed.</summary>
    public CpioArchive File(string path, ReadOnlySpan<byte> contents) => Add(path, Executable, contents);

    /// <summary>Adds a character device.</summary>
    public CpioArchive Device(string path, int major, int minor) => Add(path, CharacterDevice, [], major, minor);

    /// <summary>Ends the archive.</summary>
    /// <returns>It, compressed by gzip.</returns>
    public byte[] Compress()
    {
        Add("TRAILER!!!", 0, []);
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(CollectionsMarshal.AsSpan(_bytes));
        }

        return compressed.ToArray();
    }

    private CpioArchive Add(string path, int mode, ReadOnlySpan<byte> contents, int major = 0, int minor = 0)
    {
        const int Links = 1;
        int[] fields = [_inode++, mode, 0, 0, Links, 0, contents.Length, 0, 0, major, minor, path.Length + 1, 0];
        var header = new StringBuilder("070701");
        foreach (int field in fields)
        {
            header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        }

        Write(Encoding.ASCII.GetBytes($"{header}{path}\0"));
        Write(contents);
        return this;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        while (_bytes.Count % 4 != 0)
        {
            _bytes.Add(0);
        }
    }
}
