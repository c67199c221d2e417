using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>INT 19h boots the first device of the boot order, INT 18h the next: its first sector at 0000:7C00 with the drive's number in DL.</summary>
/// <remarks>INT 18h as a way back to the firmware is from the BIOS Boot Specification 1.01, "Boot Failure".</remarks>
internal sealed class BootServices(FirmwareBus bus, DataAreas data, DriveTable drives, BiosScreen text, FirmwareParts parts)
{
    private const ushort Signature = 0xAA55;
    private const int SignatureOffset = 510;

    private readonly byte[] _sector = new byte[IDisk.SectorBytes];
    private readonly DiskTransfer _transfer = new(bus);

    private byte Choice { get => bus.ReadByte(data.Extended(ExtendedBiosData.BootChoice)); set => bus.WriteByte(data.Extended(ExtendedBiosData.BootChoice), value); }

    /// <summary>INT 19h.</summary>
    public void Boot(CpuFrame frame)
    {
        Choice = 0;
        BootNext(frame);
    }

    /// <summary>INT 18h. When nothing is left, the ROM's halt follows.</summary>
    public void BootNext(CpuFrame frame)
    {
        drives.Emulation.Stop();
        for (int choice = Choice; choice < parts.BootOrder.Count; choice++)
        {
            Choice = (byte)(choice + 1);
            if (TryBoot(parts.BootOrder[choice], frame))
            {
                return;
            }
        }

        string reason = parts.Floppies.Count + parts.Disks.Count + parts.Cdroms.Count == 0
            ? "No bootable device: the machine has no disk."
            : "No bootable device: no disk has a boot sector, no CD-ROM a boot catalogue.";
        text.Print(reason + "\r\n");
        parts.NothingToBoot?.Invoke(reason);
    }

    private bool TryBoot(BootDevice device, CpuFrame frame) => device switch
    {
        BootDevice.Floppy => TryBootSector(0, frame, needsSignature: false),
        BootDevice.Disk => TryBootSector(DriveTable.FirstDisk, frame, needsSignature: true),
        _ => TryBootDisc(frame),
    };

    // Floppies of old have no signature; then something other than one repeated byte must be there.
    private bool TryBootSector(byte number, CpuFrame frame, bool needsSignature)
    {
        if (drives.Find(number) is not { } drive || drive.Disk.Read(0, _sector) != DiskResult.Done)
        {
            return false;
        }

        bool bootable = LittleEndian.UInt16(_sector, SignatureOffset) == Signature || (!needsSignature && _sector.AsSpan().ContainsAnyExcept(_sector[0]));
        if (!bootable || !bus.TryWrite(PcLayout.BootAddress, _sector))
        {
            return false;
        }

        Enter(frame, new FarPointer(0, (ushort)PcLayout.BootAddress), number);
        return true;
    }

    private bool TryBootDisc(CpuFrame frame)
    {
        for (int index = 0; index < parts.Cdroms.Count; index++)
        {
            if (!ElTorito.TryFind(parts.Cdroms[index], out BootEntry entry))
            {
                continue;
            }

            drives.Emulation.Start(index, entry);
            if (entry.Media != DiscMedia.NoEmulation)
            {
                if (TryBootSector(drives.Emulation.BootedDrive, frame, needsSignature: false))
                {
                    return true;
                }
            }
            else if (TryLoad(parts.Cdroms[index], entry))
            {
                // The segment's first byte: at the usual 07C0h this is 0000:7C00, which is what some images expect in CS.
                FarPointer start = entry.Segment == PcLayout.BootAddress >> 4 ? new FarPointer(0, (ushort)PcLayout.BootAddress) : new FarPointer(entry.Segment, 0);
                Enter(frame, start, drives.Emulation.BootedDrive);
                return true;
            }

            drives.Emulation.Stop();
        }

        return false;
    }

    // An image near the disc's end may ask for more sectors than there are.
    private bool TryLoad(IDisk disc, in BootEntry entry)
    {
        long first = (long)entry.Block * DiscImage.SectorsPerBlock;
        int count = (int)Math.Min(entry.SectorCount, disc.SectorCount - first);
        var whole = new BiosDrive(DriveTable.FirstDisk, DriveKind.HardDisk, disc, default);
        return _transfer.Move(whole, DiskOperation.Read, first, count, new FarPointer(entry.Segment, 0).Linear, out _) == DiskStatus.Done;
    }

    private static void Enter(CpuFrame frame, FarPointer start, byte drive)
    {
        frame.ReturnTo = start;
        (frame.Eax, frame.Ebx, frame.Ecx, frame.Edx) = (0, 0, 0, drive);
        (frame.Ds, frame.Es) = (0, 0);
        (frame.Si, frame.Di, frame.Bp) = (0, 0, 0);
        frame.Ax = Signature;
        frame.InterruptsOn = true;
    }
}
