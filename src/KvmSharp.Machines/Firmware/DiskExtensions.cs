using System.Buffers.Binary;
namespace KvmSharp.Machines;

/// <summary>INT 13h, functions 41h to 4Eh: drives by sector number, and discs.</summary>
/// <remarks>Sources: Phoenix, "Enhanced Disk Drive Specification", version 3.0; "El Torito" Bootable CD-ROM Format Specification 1.0.</remarks>
internal sealed class DiskExtensions(FirmwareBus bus, DriveTable drives, DiskTransfer transfer)
{
    /// <summary>The first function that belongs to the extensions.</summary>
    public const byte FirstFunction = 0x41;

    private const ushort Question = 0x55AA;
    private const ushort Answer = 0xAA55;
    private const byte Version = 0x30;               // EDD 3.0
    private const ushort FixedDiskAccess = 0x0001;   // interface bits
    private const ushort LockingAndEjecting = 0x0002;
    private const ushort EnhancedDrive = 0x0004;
    private const int PacketBytes = 16;
    private const int LongPacketBytes = 24;          // with a 64-bit buffer address
    private const uint UseLongAddress = uint.MaxValue;
    private const ushort OldParameterBytes = 0x1A;
    private const ushort ParameterBytes = 0x1E;

    /// <summary>Serves a function for a drive.</summary>
    public DiskStatus Serve(CpuFrame frame, BiosDrive drive)
    {
        if (drive.Kind == DriveKind.Floppy)
        {
            return DiskStatus.BadCommand; // programs take it for a hard disk otherwise
        }

        switch (frame.Ah)
        {
            case 0x41 when frame.Bx == Question:
                frame.Bx = Answer;
                frame.Ah = Version;
                frame.Cx = (ushort)(FixedDiskAccess | EnhancedDrive | (drive.Kind == DriveKind.Cdrom ? LockingAndEjecting : 0));
                frame.Carry = false;
                return DiskStatus.Answered;
            case 0x42:
                return Move(frame, drive, DiskOperation.Read);
            case 0x43:
                return Move(frame, drive, DiskOperation.Write);
            case 0x44:
                return Move(frame, drive, DiskOperation.Verify);
            case 0x45:
                frame.Al = 0; // not locked, whatever is asked
                return DiskStatus.Done;
            case 0x47:
                return DiskStatus.Done;
            case 0x48:
                return Describe(frame, drive);
            case 0x49:
                return DiskStatus.Done; // the medium is never changed
            case 0x4E:
                frame.Al = 0; // transfer modes are the controller's
                return DiskStatus.Done;
            default:
                return DiskStatus.BadCommand;
        }
    }

    /// <summary>Function 4Bh: ends an emulation (AL 00h) and tells of it.</summary>
    public DiskStatus ServeEmulation(CpuFrame frame)
    {
        const byte Terminate = 0x00;
        const byte Status = 0x01;
        const byte AllDrives = 0x7F;
        DiscEmulation emulation = drives.Emulation;
        if (frame.Al is not (Terminate or Status) || !emulation.WasBooted || (frame.Dl != AllDrives && frame.Dl != emulation.BootedDrive))
        {
            return DiskStatus.BadCommand;
        }

        Span<byte> packet = stackalloc byte[DiscEmulation.PacketBytes];
        emulation.Describe(packet);
        if (!bus.TryWrite(frame.DsSi.Linear, packet))
        {
            return DiskStatus.DmaOverrun;
        }

        if (frame.Al == Terminate)
        {
            emulation.Stop();
        }

        return DiskStatus.Done;
    }

    // The disk address packet at DS:SI: its length, the count, the buffer, the first sector.
    private DiskStatus Move(CpuFrame frame, BiosDrive drive, DiskOperation operation)
    {
        uint place = frame.DsSi.Linear;
        Span<byte> packet = stackalloc byte[LongPacketBytes];
        packet.Clear();
        byte length = bus.ReadByte(place);
        if (length < PacketBytes || !bus.TryRead(place, packet[..(length >= LongPacketBytes ? LongPacketBytes : PacketBytes)]))
        {
            return DiskStatus.BadCommand;
        }

        int count = LittleEndian.UInt16(packet, 2);
        uint buffer = LittleEndian.UInt32(packet, 4);
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(packet[8..]);
        ulong address = buffer == UseLongAddress && length >= LongPacketBytes
            ? BinaryPrimitives.ReadUInt64LittleEndian(packet[16..])
            : new FarPointer((ushort)(buffer >> 16), (ushort)buffer).Linear;
        if (address > uint.MaxValue)
        {
            return DiskStatus.DmaOverrun;
        }

        int moved = 0;
        DiskStatus status = first >= (ulong)drive.SectorCount ? DiskStatus.NotFound
            : transfer.Move(drive, operation, (long)first, count, (uint)address, out moved);
        bus.WriteWord(place + 2, (ushort)moved); // how far it came
        return status;
    }

    private DiskStatus Describe(CpuFrame frame, BiosDrive drive)
    {
        uint place = frame.DsSi.Linear;
        ushort room = bus.ReadWord(place);
        if (room < OldParameterBytes)
        {
            return DiskStatus.BadCommand;
        }

        const ushort ValidGeometry = 0x0002;
        const ushort RemovableWithLock = 0x0074; // removable, its change is seen, it can be locked, and the geometry is no medium's
        bool disc = drive.Kind == DriveKind.Cdrom;
        ushort length = room >= ParameterBytes ? ParameterBytes : OldParameterBytes;
        Span<byte> table = stackalloc byte[ParameterBytes];
        table.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(table, length);
        BinaryPrimitives.WriteUInt16LittleEndian(table[2..], disc ? RemovableWithLock : ValidGeometry);
        long cylinders = disc ? uint.MaxValue : drive.SectorCount / ((long)drive.Geometry.Heads * drive.Geometry.Sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(table[4..], (uint)Math.Min(cylinders, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(table[8..], disc ? uint.MaxValue : (uint)drive.Geometry.Heads);
        BinaryPrimitives.WriteUInt32LittleEndian(table[12..], disc ? uint.MaxValue : (uint)drive.Geometry.Sectors);
        BinaryPrimitives.WriteUInt64LittleEndian(table[16..], (ulong)drive.SectorCount);
        BinaryPrimitives.WriteUInt16LittleEndian(table[24..], (ushort)drive.SectorBytes);
        table[26..].Fill(byte.MaxValue); // no table of the drive's configuration
        return bus.TryWrite(place, table[..length]) ? DiskStatus.Done : DiskStatus.DmaOverrun;
    }
}
