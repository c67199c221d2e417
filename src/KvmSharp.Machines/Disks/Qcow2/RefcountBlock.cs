using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Reads and writes refcounts in a block: 1 to 64 bits each, big-endian, those below a byte from bit 0 up.</summary>
/// <remarks>Source: QEMU docs/interop/qcow2, "Host cluster management".</remarks>
/// <param name="order">The binary logarithm of a refcount's bits.</param>
internal readonly struct RefcountBlock(int order)
{
    /// <summary>Gives the number of refcounts in a block.</summary>
    /// <param name="bytes">The block's size.</param>
    /// <returns>The number.</returns>
    public int Entries(int bytes) => (int)((long)bytes * 8 >> order);

    /// <summary>Reads a refcount.</summary>
    /// <param name="block">The block.</param>
    /// <param name="index">Which.</param>
    /// <returns>The refcount.</returns>
    public ulong Get(ReadOnlySpan<byte> block, int index) => order switch
    {
        < 3 => (ulong)(block[index >> (3 - order)] >> SubByteShift(index)) & SubByteMask,
        3 => block[index],
        4 => BinaryPrimitives.ReadUInt16BigEndian(block[(2 * index)..]),
        5 => BinaryPrimitives.ReadUInt32BigEndian(block[(4 * index)..]),
        _ => BinaryPrimitives.ReadUInt64BigEndian(block[(8 * index)..]),
    };

    /// <summary>Writes a refcount.</summary>
    /// <param name="block">The block.</param>
    /// <param name="index">Which.</param>
    /// <param name="value">The refcount; it fits.</param>
    public void Set(Span<byte> block, int index, ulong value)
    {
        switch (order)
        {
            case < 3:
                ref byte cell = ref block[index >> (3 - order)];
                cell = (byte)((cell & ~((uint)SubByteMask << SubByteShift(index))) | ((uint)value << SubByteShift(index)));
                break;
            case 3:
                block[index] = (byte)value;
                break;
            case 4:
                BinaryPrimitives.WriteUInt16BigEndian(block[(2 * index)..], (ushort)value);
                break;
            case 5:
                BinaryPrimitives.WriteUInt32BigEndian(block[(4 * index)..], (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(block[(8 * index)..], value);
                break;
        }
    }

    /// <summary>Gives the bytes that a run of refcounts touches.</summary>
    /// <param name="index">The first.</param>
    /// <param name="count">How many.</param>
    /// <returns>The range in the block.</returns>
    public Range BytesOf(int index, int count) => (int)(((long)index << order) / 8)..(int)((((long)(index + count) << order) + 7) / 8);

    private ulong SubByteMask => (1UL << (1 << order)) - 1;

    private int SubByteShift(int index) => (index << order) & 7;
}
