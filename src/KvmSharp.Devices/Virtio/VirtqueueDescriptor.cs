using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>One entry of a descriptor table. Virtual I/O Device 1.1, "The Virtqueue Descriptor Table".</summary>
internal readonly record struct VirtqueueDescriptor(ulong Address, uint Length, ushort Flags, ushort Next)
{
    public const int Bytes = 16;

    private const ushort NextFlag = 1;     // VIRTQ_DESC_F_NEXT
    private const ushort WriteFlag = 2;    // VIRTQ_DESC_F_WRITE
    private const ushort IndirectFlag = 4; // VIRTQ_DESC_F_INDIRECT

    public bool HasNext => (Flags & NextFlag) != 0;

    public bool IsWritable => (Flags & WriteFlag) != 0;

    public bool IsIndirect => (Flags & IndirectFlag) != 0;

    public static VirtqueueDescriptor Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
}
