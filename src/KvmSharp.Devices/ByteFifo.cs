using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>Up to 16 bytes, first in, first out: a FIFO that fits in a chip's saved state.</summary>
/// <remarks>The oldest byte is the lowest of one 128-bit number and unused bytes are zero, so equal FIFOs are equal bytes.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct ByteFifo
{
    /// <summary>How many bytes it holds at most.</summary>
    public const int Capacity = 16;

    private UInt128 _bytes;
    private byte _count;

    /// <summary>Gets how many bytes wait, 0 to <see cref="Capacity"/>.</summary>
    public readonly int Count => _count;

    /// <summary>Gets how many bytes can be added.</summary>
    public readonly int Room => Capacity - _count;

    /// <summary>Adds a byte behind the others.</summary>
    /// <param name="value">The byte.</param>
    /// <returns><see langword="false"/>, and nothing is added, when it is full.</returns>
    public bool TryEnqueue(byte value)
    {
        if (_count >= Capacity)
        {
            return false;
        }

        _bytes |= (UInt128)value << (8 * _count++);
        return true;
    }

    /// <summary>Takes the oldest byte.</summary>
    /// <param name="value">The byte; 0 when there is none.</param>
    /// <returns><see langword="false"/> when it is empty.</returns>
    public bool TryDequeue(out byte value)
    {
        value = (byte)_bytes;
        if (_count == 0)
        {
            return false;
        }

        _bytes >>= 8;
        _count--;
        return true;
    }

    /// <summary>Drops all bytes.</summary>
    public void Clear() => this = default;
}
