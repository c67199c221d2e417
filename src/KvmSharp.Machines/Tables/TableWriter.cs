using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Writes the fields of a table one after the other.</summary>
internal sealed class TableWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public TableWriter Byte(int value)
    {
        _bytes.Add((byte)value);
        return this;
    }

    public TableWriter Word(int value) => Byte(value).Byte(value >> 8);

    public TableWriter DWord(uint value) => Word((ushort)value).Word((ushort)(value >> 16));

    public TableWriter QWord(ulong value) => DWord((uint)value).DWord((uint)(value >> 32));

    public TableWriter Zeros(int count) => Bytes(new byte[count]);

    public TableWriter Bytes(IEnumerable<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>Letters, filled with spaces.</summary>
    public TableWriter Text(string text, int width) => Bytes(Encoding.ASCII.GetBytes(text.PadRight(width)));

    /// <summary>The byte that makes a sum of bytes zero, when it was zero itself before.</summary>
    public static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte b in bytes)
        {
            sum += b;
        }

        return (byte)-sum;
    }

    /// <summary>Adds to a little-endian pointer of 4 or 8 bytes.</summary>
    public static void AddToPointer(Span<byte> field, uint distance)
    {
        if (field.Length == sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(field, BinaryPrimitives.ReadUInt64LittleEndian(field) + distance);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(field, BinaryPrimitives.ReadUInt32LittleEndian(field) + distance);
        }
    }
}
