using System.Numerics;

namespace KvmSharp.Operations;

/// <summary>CRC32: the Castagnoli polynomial, bits reflected. Intel SDM Vol. 2A, "CRC32".</summary>
internal static class Crc32c
{
    /// <summary>Accumulates one operand.</summary>
    /// <typeparam name="T">Its width.</typeparam>
    /// <param name="crc">The checksum so far.</param>
    /// <param name="data">The operand.</param>
    /// <returns>The new checksum.</returns>
    public static uint Accumulate<T>(uint crc, T data)
        where T : unmanaged
    {
        ulong word = Operand.ZeroExtend(data);
        return Operand.Bits<T>() switch
        {
            8 => BitOperations.Crc32C(crc, (byte)word),
            16 => BitOperations.Crc32C(crc, (ushort)word),
            32 => BitOperations.Crc32C(crc, (uint)word),
            _ => BitOperations.Crc32C(crc, word),
        };
    }
}
