using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What was booted from a disc, as the extended BIOS data area remembers it: the specification packet of INT 13h, function 4Bh.</summary>
/// <remarks>The guest may have written over it; whatever stands there then leads to sectors of the disc, or to none.</remarks>
internal sealed class DiscEmulation(FirmwareBus bus, DataAreas data)
{
    /// <summary>The length of a specification packet.</summary>
    public const int PacketBytes = 0x13;

    private const uint Active = 0;      // offsets in the area: 1 while a drive is emulated, 2 for a boot without emulation
    private const uint Media = 1;
    private const uint DriveNumber = 2;
    private const uint DiscIndex = 3;
    private const uint Block = 4;
    private const uint Segment = 8;
    private const uint Count = 10;
    private const byte Emulating = 1;
    private const byte NotEmulating = 2;

    /// <summary>Gets the number of the emulated drive; null when there is none.</summary>
    public byte? Drive => Get(Active) == Emulating ? Get(DriveNumber) : null;

    /// <summary>Gets the index of the disc that was booted.</summary>
    public int Disc => Get(DiscIndex);

    /// <summary>Gets a value indicating whether the system was booted from a disc.</summary>
    public bool WasBooted => Get(Active) is Emulating or NotEmulating;

    /// <summary>Gets the number that the booted image finds in DL.</summary>
    public byte BootedDrive => Get(DriveNumber);

    /// <summary>Gets the first sector of the emulated drive, in sectors of 512 bytes.</summary>
    public long FirstSector => (long)bus.ReadDword(At(Block)) * DiscImage.SectorsPerBlock;

    /// <summary>Remembers what is booted.</summary>
    /// <param name="disc">The disc's index.</param>
    /// <param name="entry">What is booted from it.</param>
    public void Start(int disc, in BootEntry entry)
    {
        bool emulates = entry.Media != DiscMedia.NoEmulation;
        bus.WriteByte(At(Active), emulates ? Emulating : NotEmulating);
        bus.WriteByte(At(Media), (byte)entry.Media);
        bus.WriteByte(At(DriveNumber), !emulates ? (byte)(DriveTable.FirstCdrom + disc) : entry.Media == DiscMedia.HardDisk ? DriveTable.FirstDisk : (byte)0);
        bus.WriteByte(At(DiscIndex), (byte)disc);
        bus.WriteDword(At(Block), entry.Block);
        bus.WriteWord(At(Segment), entry.Segment);
        bus.WriteWord(At(Count), entry.SectorCount);
    }

    /// <summary>The disc is only a disc again.</summary>
    public void Stop() => bus.WriteByte(At(Active), 0);

    /// <summary>Gets the size of the emulated drive: the floppy's, or for a hard disk all that follows.</summary>
    public long SectorCount(IDisk disc)
    {
        long left = Math.Max(disc.SectorCount - FirstSector, 0);
        long size = (DiscMedia)Get(Media) switch
        {
            DiscMedia.Floppy1200 => 2400,
            DiscMedia.Floppy1440 => 2880,
            DiscMedia.Floppy2880 => 5760,
            _ => left,
        };
        return Math.Min(size, left);
    }

    /// <summary>Fills a specification packet.</summary>
    /// <param name="packet">Receives it.</param>
    public void Describe(Span<byte> packet)
    {
        packet.Clear();
        packet[0] = PacketBytes;
        packet[1] = Get(Media);
        packet[2] = Get(DriveNumber);
        packet[3] = Get(DiscIndex); // the controller: one disc each
        BinaryPrimitives.WriteUInt32LittleEndian(packet[4..], bus.ReadDword(At(Block)));
        BinaryPrimitives.WriteUInt16LittleEndian(packet[0x0C..], bus.ReadWord(At(Segment)));
        BinaryPrimitives.WriteUInt16LittleEndian(packet[0x0E..], bus.ReadWord(At(Count)));
    }

    private uint At(uint offset) => data.Extended(ExtendedBiosData.Emulation + offset);

    private byte Get(uint offset) => bus.ReadByte(At(offset));
}
