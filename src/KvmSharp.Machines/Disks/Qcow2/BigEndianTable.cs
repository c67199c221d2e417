using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace KvmSharp.Machines;

/// <summary>Tables of big-endian 64-bit numbers in a file, as numbers of this machine.</summary>
internal static class BigEndianTable
{
    /// <summary>Reads a table.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where it is.</param>
    /// <param name="entries">How many numbers; the caller has bounded it.</param>
    /// <returns>The numbers.</returns>
    public static ulong[] Read(IHostFile file, long offset, int entries)
    {
        var table = new ulong[entries];
        if (file.Read(offset, MemoryMarshal.AsBytes(table.AsSpan())) < entries * sizeof(ulong))
        {
            throw Qcow2Header.Damaged(file, "a table lies beyond the end of the file");
        }

        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(table, table);
        }

        return table;
    }

    /// <summary>Writes a table.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where.</param>
    /// <param name="table">The numbers.</param>
    public static void Write(IHostFile file, long offset, ReadOnlySpan<ulong> table)
    {
        var copy = new ulong[table.Length];
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(table, copy);
        }
        else
        {
            table.CopyTo(copy);
        }

        file.Write(offset, MemoryMarshal.AsBytes(copy.AsSpan()));
    }
}
