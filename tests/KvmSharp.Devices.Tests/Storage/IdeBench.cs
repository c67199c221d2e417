using System.Buffers.Binary;

namespace KvmSharp.Devices.Tests;

/// <summary>An IDE controller as a driver sees it: registers by name, both channels, the bus masters, configuration space.</summary>
/// <remarks>Offsets 0 to 8 are the first channel, 16 to 24 the second, 32 to 47 the bus masters, 48 to 63 some of configuration space.</remarks>
public sealed class IdeBench : IPortDevice, IStateful<PiixIdeState>
{
    public const int Ports = 64;

    internal const int Data = 0;
    internal const int Features = 1;
    internal const int Error = 1;
    internal const int Count = 2;
    internal const int LbaLow = 3;
    internal const int LbaMid = 4;
    internal const int LbaHigh = 5;
    internal const int Device = 6;
    internal const int Command = 7;
    internal const int Status = 7;
    internal const int Control = 8; // and alternate status
    internal const int BusMasterCommand = 32;
    internal const int BusMasterStatus = 34;
    internal const int BusMasterTable = 36;

    private const int ConfigWindow = 48;
    private static readonly int[] ConfigOffsets = [0x04, 0x05, 0x20, 0x21, 0x3C, 0x40, 0x41, 0x42, 0x43, 0x44, 0x0A, 0x06, 0x07, 0x00, 0x24, 0xFF];

    internal IdeBench(GuestRam? ram = null)
    {
        Ram = ram ?? new GuestRam(1 << 20);
        Ide = new PiixIde(Ram, Irq14, Irq15);
        Ide.WriteConfig(PciRegister.Command, 2, (uint)(PciCommand.PortSpace | PciCommand.BusMaster));
    }

    internal GuestRam Ram { get; }

    internal Wire Irq14 { get; } = new();

    internal Wire Irq15 { get; } = new();

    internal PiixIde Ide { get; }

    public uint ReadPort(ushort offset, int width) => offset switch
    {
        < 16 => Ide.Primary.ReadPort(offset, width),
        < 32 => Ide.Secondary.ReadPort((ushort)(offset - 16), width),
        < ConfigWindow => Ide.Bars[0].Ports!.ReadPort((ushort)(offset - 32), width),
        _ => Ide.ReadConfig(ConfigOffsets[offset % 16], 1),
    };

    public void WritePort(ushort offset, int width, uint value)
    {
        switch (offset)
        {
            case < 16:
                Ide.Primary.WritePort(offset, width, value);
                break;
            case < 32:
                Ide.Secondary.WritePort((ushort)(offset - 16), width, value);
                break;
            case < ConfigWindow:
                Ide.Bars[0].Ports!.WritePort((ushort)(offset - 32), width, value);
                break;
            default:
                Ide.WriteConfig(ConfigOffsets[offset % 16], 1, (byte)value);
                break;
        }
    }

    public PiixIdeState Save() => Ide.Save();

    public void Load(in PiixIdeState state) => Ide.Load(state);

    public void Reset() => Ide.Reset();

    /// <summary>Writes a 28-bit address and a count, then the command.</summary>
    internal void Start28(int command, long sector, int count, int device = 0xE0)
    {
        this.Out(Device, device | (int)(sector >> 24));
        this.Out(Count, count);
        this.Out(LbaLow, (byte)sector);
        this.Out(LbaMid, (byte)(sector >> 8));
        this.Out(LbaHigh, (byte)(sector >> 16));
        this.Out(Command, command);
    }

    /// <summary>The same with 48 bits: the upper halves go first.</summary>
    internal void Start48(int command, long sector, int count)
    {
        this.Out(Device, 0x40);
        this.Out(Count, count >> 8);
        this.Out(LbaLow, (byte)(sector >> 24));
        this.Out(LbaMid, (byte)(sector >> 32));
        this.Out(LbaHigh, (byte)(sector >> 40));
        this.Out(Count, count);
        this.Out(LbaLow, (byte)sector);
        this.Out(LbaMid, (byte)(sector >> 8));
        this.Out(LbaHigh, (byte)(sector >> 16));
        this.Out(Command, command);
    }

    internal byte[] ReadData(int bytes, int width = 2)
    {
        byte[] data = new byte[bytes];
        Span<byte> value = stackalloc byte[sizeof(uint)];
        for (int i = 0; i < bytes; i += width)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(value, ReadPort(Data, width));
            value[..Math.Min(width, bytes - i)].CopyTo(data.AsSpan(i));
        }

        return data;
    }

    internal void WriteData(ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < data.Length; i += 2)
        {
            WritePort(Data, 2, BinaryPrimitives.ReadUInt16LittleEndian(data[i..]));
        }
    }

    internal ushort[] Identify(int command = 0xEC)
    {
        this.Out(Command, command);
        byte[] data = ReadData(512);
        return [.. Enumerable.Range(0, 256).Select(word => BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(2 * word)))];
    }

    /// <summary>Writes a PRD table to address 1000h and starts the bus master.</summary>
    internal void StartBusMaster(bool toMemory, params (uint Address, uint Count)[] regions)
    {
        SetTable(regions);
        this.Out(BusMasterCommand, toMemory ? 0x09 : 0x01);
    }

    internal void SetTable(params (uint Address, uint Count)[] regions)
    {
        const int Table = 0x1000;
        for (int i = 0; i < regions.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Ram.At(Table + (8 * i), 4), regions[i].Address);
            BinaryPrimitives.WriteUInt32LittleEndian(Ram.At(Table + (8 * i) + 4, 4), regions[i].Count);
        }

        WritePort(BusMasterTable, 4, Table);
    }

    /// <summary>Sends a packet; the byte count limit stands ready in LBA Mid and High.</summary>
    internal void Packet(byte[] packet, int limit = 0xFFFE, bool dma = false)
    {
        this.Out(Features, dma ? 1 : 0);
        this.Out(LbaMid, (byte)limit);
        this.Out(LbaHigh, limit >> 8);
        this.Out(Command, 0xA0);
        byte[] padded = new byte[12];
        packet.CopyTo(padded, 0);
        WriteData(padded);
    }

    /// <summary>The byte count of the DRQ block that waits.</summary>
    internal int ByteCount => this.In(LbaMid) | (this.In(LbaHigh) << 8);
}
