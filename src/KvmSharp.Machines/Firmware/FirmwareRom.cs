using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>The firmware's ROM: 64 KiB for the segment F000, of which the assembled <c>rom.asm</c> is the last 8 KiB.</summary>
internal static class FirmwareRom
{
    /// <summary>The size of the whole ROM in bytes.</summary>
    public const int Size = 64 * 1024;

    /// <summary>The real-mode segment of the ROM's first byte.</summary>
    public const ushort Segment = 0xF000;

    /// <summary>The table that INT 15h, function C0h tells of; its place is IBM's.</summary>
    public const ushort Configuration = 0xE6F5;

    /// <summary>Interrupts that the table of entries covers: 00h to 77h. The vectors above are 0.</summary>
    public const int VectorCount = 0x78;

    private const ushort Font8x16 = 0xC000;
    private const ushort Vectors = 0xE060;

    private static readonly byte[] Assembled = ReadResource();
    private static Built? _last;

    /// <summary>Gets where the 8x16 font is, when the board has given one.</summary>
    public static FarPointer Font => new(Segment, Font8x16);

    /// <summary>Gives the ROM's bytes. Boards with the same font, which is most, share them.</summary>
    /// <param name="font">256 characters of 16 bytes, or nothing.</param>
    public static ReadOnlyMemory<byte> For(ReadOnlySpan<byte> font)
    {
        Built? last = Volatile.Read(ref _last);
        if (last is null || !last.Font.AsSpan().SequenceEqual(font))
        {
            Volatile.Write(ref _last, last = new Built(font.ToArray(), Build(font)));
        }

        return last.Rom;
    }

    private static byte[] Build(ReadOnlySpan<byte> font)
    {
        var rom = new byte[Size];
        rom.AsSpan().Fill(byte.MaxValue);
        font.CopyTo(rom.AsSpan(Font8x16));
        Assembled.CopyTo(rom, Size - Assembled.Length);
        return rom;
    }

    /// <summary>Gets the entry of an interrupt; null is a vector of 0.</summary>
    public static FarPointer? Entry(int vector)
    {
        ushort offset = BinaryPrimitives.ReadUInt16LittleEndian(Assembled.AsSpan(Vectors - (Size - Assembled.Length) + (2 * vector)));
        return offset == 0 ? null : new FarPointer(Segment, offset);
    }

    private static byte[] ReadResource()
    {
        using Stream stream = typeof(FirmwareRom).Assembly.GetManifestResourceStream("rom.bin")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private sealed record Built(byte[] Font, byte[] Rom);
}

/// <summary>A real-mode address.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Offset">The offset in it.</param>
internal readonly record struct FarPointer(ushort Segment, ushort Offset)
{
    /// <summary>The physical address: 16 * segment + offset.</summary>
    public uint Linear => ((uint)Segment << 4) + Offset;
}
