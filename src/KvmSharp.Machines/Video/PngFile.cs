using System.Buffers.Binary;
using System.IO.Compression;

namespace KvmSharp.Machines;

/// <summary>Writes pictures as PNG: 8 bits for each of red, green and blue, no interlacing, no filters.</summary>
/// <remarks>Source: Portable Network Graphics (PNG) Specification, "Chunk layout" and "IHDR Image header".</remarks>
public static class PngFile
{
    private const int BytesPerPixel = 3;
    private const uint CrcPolynomial = 0xEDB8_8320;

    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <summary>Writes a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="stream">Where to; it stays open.</param>
    public static void Write(Picture picture, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Signature);
        WriteChunk(stream, "IHDR"u8, Header(picture));
        WriteChunk(stream, "IDAT"u8, Compress(picture));
        WriteChunk(stream, "IEND"u8, []);
    }

    private static byte[] Header(Picture picture)
    {
        const byte BitDepth = 8;
        const byte Truecolor = 2;
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), picture.Height);
        header[8] = BitDepth;
        header[9] = Truecolor;
        return header;
    }

    private static byte[] Compress(Picture picture)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var line = new byte[1 + (picture.Width * BytesPerPixel)]; // a filter type before each line: 0, none
            for (int y = 0; y < picture.Height; y++)
            {
                int at = 1;
                foreach (uint pixel in picture.Row(y))
                {
                    line[at++] = (byte)(pixel >> 16);
                    line[at++] = (byte)(pixel >> 8);
                    line[at++] = (byte)pixel;
                }

                zlib.Write(line);
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        stream.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? CrcPolynomial ^ (value >> 1) : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
