using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Makes discs that boot: a primary descriptor, a boot record, a catalogue with one entry, and the image.</summary>
internal static class DiscBuilder
{
    public const int Block = 2048;
    public const int BootRecord = 17 * Block;
    public const int Catalog = 19 * Block;
    public const int Image = 20 * Block;

    public static byte[] Make(byte media, byte[] image, ushort sectors = 4, ushort segment = 0)
    {
        var disc = new byte[Image + ((image.Length + Block - 1) / Block * Block)];
        for (int descriptor = 16; descriptor <= 18; descriptor++)
        {
            "CD001"u8.CopyTo(disc.AsSpan((descriptor * Block) + 1));
        }

        disc[16 * Block] = 1;
        "EL TORITO SPECIFICATION"u8.CopyTo(disc.AsSpan(BootRecord + 7));
        BinaryPrimitives.WriteUInt32LittleEndian(disc.AsSpan(BootRecord + 0x47), Catalog / Block);
        disc[18 * Block] = 255;

        disc[Catalog] = 1;
        disc[Catalog + 30] = 0x55;
        disc[Catalog + 31] = 0xAA;
        BinaryPrimitives.WriteUInt16LittleEndian(disc.AsSpan(Catalog + 28), unchecked((ushort)-(0x0001 + 0xAA55)));
        disc[Catalog + 32] = 0x88;
        disc[Catalog + 33] = media;
        BinaryPrimitives.WriteUInt16LittleEndian(disc.AsSpan(Catalog + 34), segment);
        BinaryPrimitives.WriteUInt16LittleEndian(disc.AsSpan(Catalog + 38), sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(disc.AsSpan(Catalog + 40), Image / Block);
        image.CopyTo(disc, Image);
        return disc;
    }
}
