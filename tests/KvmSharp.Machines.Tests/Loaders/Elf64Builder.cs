using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds a 64-bit ELF file with one loadable segment of 32 bytes and, when given, a note segment.</summary>
internal sealed class Elf64Builder
{
    public const uint LoadAddress = 0x10_0000;

    private const int HeaderBytes = 64;
    private const int SegmentHeaderBytes = 56;
    private const int Data = HeaderBytes + (2 * SegmentHeaderBytes);
    private const int DataBytes = 32;

    private readonly byte[] _file;

    public Elf64Builder(byte[]? content = null, byte[]? note = null)
    {
        byte[] code = content ?? new byte[DataBytes];
        byte[] notes = note ?? [];
        _file = [.. new byte[Data], .. code, .. notes];
        byte[] ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(_file, 0);
        Half(16, 2).Half(18, 62).Word(20, 1).Long(24, LoadAddress).Long(32, HeaderBytes).Half(54, SegmentHeaderBytes).Half(56, (ushort)(note is null ? 1 : 2));
        Segment(0, type: 1, Data, (ulong)code.Length);
        Segment(1, type: 4, (ulong)(Data + code.Length), (ulong)notes.Length);
    }

    /// <summary>A note as the ELF specification has it: sizes, type, name and descriptor, each filled up to four bytes.</summary>
    public static byte[] Note(string name, uint type, byte[] descriptor)
    {
        byte[] text = [.. System.Text.Encoding.ASCII.GetBytes(name), 0];
        return
        [
            .. BitConverter.GetBytes(text.Length), .. BitConverter.GetBytes(descriptor.Length), .. BitConverter.GetBytes(type),
            .. text, .. new byte[-text.Length & 3], .. descriptor, .. new byte[-descriptor.Length & 3],
        ];
    }

    public static byte[] PvhNote(ulong entry) => Note("Xen", 18, BitConverter.GetBytes(entry));

    public Elf64Builder Segment(int index, uint type, ulong offset, ulong fileSize)
    {
        int at = HeaderBytes + (index * SegmentHeaderBytes);
        ulong address = LoadAddress + ((ulong)index * 0x10_0000);
        return Word(at, type).Long(at + 8, offset).Long(at + 16, address).Long(at + 24, address).Long(at + 32, fileSize).Long(at + 40, fileSize);
    }

    public Elf64Builder Half(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public Elf64Builder Word(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public Elf64Builder Long(int offset, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public byte[] Build() => _file;
}
