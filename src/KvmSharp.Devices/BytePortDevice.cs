using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>A chip with an eight-bit data bus: each of its ports takes one byte.</summary>
/// <remarks>
/// A wider access becomes byte accesses, lowest port first, as the ISA bus makes them. Ports past the chip's last one
/// read as <see cref="OpenBus"/> and ignore writes.
/// </remarks>
/// <param name="ports">How many ports the chip decodes, from offset 0.</param>
public abstract class BytePortDevice(int ports) : IPortDevice
{
    /// <summary>What a byte lane reads as when nothing drives it.</summary>
    protected const byte OpenBus = 0xFF;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as all on the way of a port access
    public uint ReadPort(ushort offset, int width)
    {
        if (width == sizeof(byte) && offset < ports)
        {
            return ReadByte(offset);
        }

        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            int port = offset + lane;
            value |= (uint)(port < ports ? ReadByte(port) : OpenBus) << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WritePort(ushort offset, int width, uint value)
    {
        if (width == sizeof(byte) && offset < ports)
        {
            WriteByte(offset, (byte)value);
            return;
        }

        for (int lane = 0; lane < width; lane++)
        {
            int port = offset + lane;
            if (port < ports)
            {
                WriteByte(port, (byte)(value >> (8 * lane)));
            }
        }
    }

    /// <summary>Reads one port, with the side effects that the chip's data sheet names.</summary>
    /// <param name="port">The port's offset; below the number of ports.</param>
    /// <returns>The byte.</returns>
    protected abstract byte ReadByte(int port);

    /// <summary>Writes one port.</summary>
    /// <param name="port">The port's offset; below the number of ports.</param>
    /// <param name="value">The byte.</param>
    protected abstract void WriteByte(int port, byte value);
}
