using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Memory and ports as code on the processor would reach them. Nothing here fails: what is not there reads as 0, and writes to it are lost.</summary>
/// <param name="memory">RAM and ROM.</param>
/// <param name="ports">The I/O ports.</param>
/// <param name="mmio">Devices in memory: the video memory between 640 KiB and 768 KiB.</param>
internal sealed class FirmwareBus(IGuestMemory memory, PortBus ports, MmioBus mmio)
{
    private const uint VideoMemory = 0xA_0000;
    private const uint AdapterRom = 0xC_0000; // from here on up to 1 MiB nothing is written for a guest
    private const uint HighMemory = 0x10_0000;

    /// <summary>Gets guest memory.</summary>
    public IGuestMemory Memory => memory;

    public byte ReadByte(uint address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(byte)];
        return TryRead(address, bytes) ? bytes[0] : (byte)0;
    }

    public ushort ReadWord(uint address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        return TryRead(address, bytes) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;
    }

    public uint ReadDword(uint address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        return TryRead(address, bytes) ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
    }

    public void WriteByte(uint address, byte value) => TryWrite(address, [value]);

    public void WriteWord(uint address, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        TryWrite(address, bytes);
    }

    public void WriteDword(uint address, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        TryWrite(address, bytes);
    }

    /// <summary>Reads bytes from memory or from the video memory.</summary>
    /// <param name="address">The physical address of the first.</param>
    /// <param name="destination">Receives them.</param>
    /// <returns>False when some byte is nowhere.</returns>
    public bool TryRead(uint address, Span<byte> destination)
    {
        if (address is < VideoMemory or >= AdapterRom)
        {
            return memory.TryRead(address, destination);
        }

        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = (byte)mmio.Read(address + (uint)i, sizeof(byte));
        }

        return true;
    }

    /// <summary>Writes bytes to RAM or to the video memory.</summary>
    /// <param name="address">The physical address of the first.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>False when some byte has no memory, or lies where adapters and this firmware have their ROM.</returns>
    public bool TryWrite(uint address, ReadOnlySpan<byte> source)
    {
        ulong end = address + (ulong)source.Length;
        if (end <= VideoMemory || address >= HighMemory)
        {
            return memory.TryWrite(address, source);
        }

        if (address < VideoMemory || end > AdapterRom)
        {
            return false;
        }

        for (int i = 0; i < source.Length; i++)
        {
            mmio.Write(address + (uint)i, sizeof(byte), source[i]);
        }

        return true;
    }

    /// <summary>Reads a byte from a port.</summary>
    public byte In(ushort port) => (byte)ports.Read(port, sizeof(byte));

    /// <summary>Writes a byte to a port.</summary>
    public void Out(ushort port, byte value) => ports.Write(port, sizeof(byte), value);

    /// <summary>Reads from a port.</summary>
    public uint In(ushort port, int width) => ports.Read(port, width);

    /// <summary>Writes to a port.</summary>
    public void Out(ushort port, int width, uint value) => ports.Write(port, width, value);

    /// <summary>Reads a byte of the CMOS RAM.</summary>
    public byte ReadCmos(byte index)
    {
        Out(PcLayout.Cmos, index);
        return In(PcLayout.Cmos + 1);
    }

    /// <summary>Writes a byte of the CMOS RAM.</summary>
    public void WriteCmos(byte index, byte value)
    {
        Out(PcLayout.Cmos, index);
        Out(PcLayout.Cmos + 1, value);
    }
}
