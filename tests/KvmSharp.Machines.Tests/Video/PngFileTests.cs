using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace KvmSharp.Machines.Tests;

public class PngFileTests
{
    [Fact]
    public void Write_Picture_DecodesToTheSamePixels()
    {
        var picture = new Picture(3, 2);
        picture.Row(0)[1] = 0x11_2233;
        picture.Row(1)[2] = 0xFF_8001;
        using var stream = new MemoryStream();

        PngFile.Write(picture, stream);

        byte[] bytes = stream.ToArray();
        var chunks = new List<(string Type, byte[] Data)>();
        for (int at = 8; at < bytes.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            chunks.Add((Encoding.ASCII.GetString(bytes, at + 4, 4), bytes[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        chunks.Select(chunk => chunk.Type).Should().Equal("IHDR", "IDAT", "IEND");
        chunks[0].Data.Should().Equal(0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0);
        using var zlib = new ZLibStream(new MemoryStream(chunks[1].Data), CompressionMode.Decompress);
        using var raw = new MemoryStream();
        zlib.CopyTo(raw);
        raw.ToArray().Should().Equal(0, 0, 0, 0, 0x11, 0x22, 0x33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x80, 0x01);
        bytes[^4..].Should().Equal([0xAE, 0x42, 0x60, 0x82], "the check sum of IEND is known");
    }
}
