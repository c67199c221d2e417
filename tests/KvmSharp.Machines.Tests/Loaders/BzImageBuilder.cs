using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds small bzImages, right or wrong: one setup sector, then a kernel of 90h.</summary>
internal sealed class BzImageBuilder
{
    public const int KernelBytes = 0x1000;
    public const int SetupBytes = 1024;

    private readonly byte[] _file = new byte[SetupBytes + KernelBytes];

    /// <summary>A relocatable 32-bit kernel of protocol 2.15 that runs at 2 MiB and needs 1 MiB there.</summary>
    public BzImageBuilder()
    {
        _file.AsSpan(SetupBytes).Fill(0x90);
        _file[0x1F1] = 1;
        Word(0x1F4, KernelBytes / 16).Half(0x1FE, 0xAA55).Half(0x200, 0x66EB).Word(0x202, 0x5372_6448).Half(0x206, 0x020F);
        Byte(0x211, 1).Word(0x214, 0x10_0000).Word(0x22C, 0x7FFF_FFFF).Word(0x230, 0x20_0000).Byte(0x234, 1).Word(0x238, 255);
        Word(0x258, 0x20_0000).Word(0x260, 0x10_0000);
    }

    /// <summary>The kernel can be entered in 64-bit mode.</summary>
    public BzImageBuilder With64BitEntry() => Half(0x236, 1);

    public BzImageBuilder Byte(int offset, byte value)
    {
        _file[offset] = value;
        return this;
    }

    public BzImageBuilder Half(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public BzImageBuilder Word(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_file.AsSpan(offset), value);
        return this;
    }

    public byte[] Build() => _file;
}
