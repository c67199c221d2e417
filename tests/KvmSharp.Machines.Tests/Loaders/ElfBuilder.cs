using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds small ELF files, right or wrong, field by field.</summary>
internal sealed class ElfBuilder
{
    public const int HeaderBytes = 52;
    public const int SegmentHeaderBytes = 32;

    private readonly byte[] _file;

    /// <summary>One PT_LOAD segment of 16 bytes of 90h at 100000h, with 16 more zeroed ones behind; entry at its first byte.</summary>
    public ElfBuilder(int segments = 1)
    {
        int data = HeaderBytes + (segments * SegmentHeaderBytes);
        _file = new byte[data + 16];
        byte[] ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1];
        ident.CopyTo(_file, 0);
        Half(16, 2).Half(18, 3).Word(20, 1).Word(24, 0x10_0000).Word(28, HeaderBytes).Half(42, SegmentHeaderBytes).Half(44, (ushort)segments);
        for (int i = 0; i < segments; i++)
        {
            Segment(i, type: 1, offset: (uint)data, address: 0x10_0000 + ((uint)i * 0x1000), fileSize: 16, memorySize: 32);
        }

        _file.AsSpan(data).Fill(0x90);
    }

    public ElfBuilder Word(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public ElfBuilder Half(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public ElfBuilder Segment(int index, uint type, uint offset, uint address, uint fileSize, uint memorySize, uint? virtualAddress = null)
    {
        int at = HeaderBytes + (index * SegmentHeaderBytes);
        return Word(at, type).Word(at + 4, offset).Word(at + 8, virtualAddress ?? address).Word(at + 12, address).Word(at + 16, fileSize).Word(at + 20, memorySize);
    }

    public byte[] Build() => _file;
}
