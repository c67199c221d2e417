namespace KvmSharp.Machines;

/// <summary>What happens between power-on and boot: vectors, data areas, and chips in the state that programs expect of a PC.</summary>
/// <remarks>All through ports and memory, so that it can be done again at any time: a guest restarts by jumping to FFFF:0000.</remarks>
internal sealed class PowerOnSetup(FirmwareBus bus, DataAreas data, DriveTable drives, VideoServices video, ClockServices clock)
{
    /// <summary>The service's number in the ROM.</summary>
    public const byte Number = 0xF0;

    private const int LastVector = 0xFF;
    private const byte FirstMasterVector = 0x08;
    private const byte FirstSlaveVector = 0x70;
    private const byte MasterMask = 0xB8;  // timer, keyboard and cascade, and the floppy at line 6
    private const byte SlaveMask = 0x9F;   // coprocessor at line 13, disk at 14
    private const byte FloppyEquipment = 0x01;
    private const byte Coprocessor = 0x02;
    private const byte Color80Columns = 0x20;
    private const ushort OneSerialPort = 0x0200;
    private const byte CmosFloppies = 0x10;
    private const byte CmosDisks = 0x12;
    private const byte CmosEquipment = 0x14;
    private const byte CmosShutdown = 0x0F;

    /// <summary>Does all of it.</summary>
    public void Run()
    {
        FillMemory();
        SetUpInterruptControllers();
        SetUpTimer();
        SetUpKeyboard();
    }

    /// <summary>Does what concerns memory and the screen.</summary>
    public void FillMemory()
    {
        SetVectors();
        data.Clear();
        drives.Rescan();
        FillDataAreas();
        DescribeDisks();
        clock.SetTicksFromClock();
        video.SetDefaultMode();
    }

    private void SetVectors()
    {
        for (int vector = 0; vector <= LastVector; vector++)
        {
            FarPointer? entry = vector < FirmwareRom.VectorCount ? FirmwareRom.Entry(vector) : null;
            SetVector(vector, entry ?? default);
        }

        SetVector(0x43, FirmwareRom.Font);
    }

    private void SetVector(int vector, FarPointer entry) => bus.WriteDword(4u * (uint)vector, ((uint)entry.Segment << 16) | entry.Offset);

    // ICW1 to ICW4: edge triggered, cascaded, 8086 mode.
    private void SetUpInterruptControllers()
    {
        Initialize(PcLayout.MasterPic, FirstMasterVector, 1 << PcLayout.CascadeIrq, MasterMask);
        Initialize(PcLayout.SlavePic, FirstSlaveVector, PcLayout.CascadeIrq, SlaveMask);
    }

    private void Initialize(ushort port, byte firstVector, byte cascade, byte mask)
    {
        const byte Icw1 = 0x11;
        const byte Icw4 = 0x01;
        ushort dataPort = (ushort)(port + 1);
        bus.Out(port, Icw1);
        bus.Out(dataPort, firstVector);
        bus.Out(dataPort, cascade);
        bus.Out(dataPort, Icw4);
        bus.Out(dataPort, mask);
    }

    private void SetUpTimer()
    {
        const byte Counter0SquareWave = 0x36;
        const byte Counter1Rate = 0x54;
        const byte RefreshDivisor = 18;
        const ushort Control = PcLayout.Pit + 3;
        bus.Out(Control, Counter0SquareWave);
        bus.Out(PcLayout.Pit, 0); // 65,536: 18.2 times a second
        bus.Out(PcLayout.Pit, 0);
        bus.Out(Control, Counter1Rate);
        bus.Out(PcLayout.Pit + 1, RefreshDivisor);
    }

    // The keyboard may have been switched off before a restart; keys that nobody took are dropped.
    private void SetUpKeyboard()
    {
        const byte OutputFull = 0x01;
        const byte WriteCommandByte = 0x60;
        const byte InterruptAndTranslation = 0x65; // mouse port off
        const int QueueLimit = 32;
        for (int taken = 0; taken < QueueLimit && (bus.In(PcLayout.KeyboardCommand) & OutputFull) != 0; taken++)
        {
            bus.In(PcLayout.KeyboardData);
        }

        bus.Out(PcLayout.KeyboardCommand, WriteCommandByte);
        bus.Out(PcLayout.KeyboardData, InterruptAndTranslation);
    }

    private void FillDataAreas()
    {
        bus.WriteWord(BiosData.SerialPorts, PcLayout.Com1);
        bus.WriteByte(BiosData.SerialTimeouts, 1);
        bus.WriteWord(BiosData.ExtendedArea, data.ExtendedSegment);
        bus.WriteByte(data.Extended(ExtendedBiosData.SizeKiB), 1);
        bus.WriteWord(BiosData.MemoryKiB, data.ConventionalKiB);

        const ushort First = (ushort)(BiosData.KeyBuffer - BiosData.Start);
        bus.WriteWord(BiosData.KeyHead, First);
        bus.WriteWord(BiosData.KeyTail, First);
        bus.WriteWord(BiosData.KeyBufferFirst, First);
        bus.WriteWord(BiosData.KeyBufferLast, (ushort)(BiosData.KeyBufferEnd - BiosData.Start));
        bus.WriteByte(BiosData.KeyFlags3, KeyFlag.Enhanced3);
    }

    private void DescribeDisks()
    {
        int floppies = drives.Floppies;
        ushort equipment = (ushort)(OneSerialPort | Coprocessor | Color80Columns | (floppies > 0 ? FloppyEquipment | ((floppies - 1) << 6) : 0));
        bus.WriteWord(BiosData.Equipment, equipment);
        bus.WriteByte(BiosData.DiskCount, (byte)drives.Disks);

        byte first = drives.Find(0)?.FloppyType ?? 0;
        byte second = drives.Find(1)?.FloppyType ?? 0;
        bus.WriteByte(BiosData.FloppyTypes, (byte)(floppies == 0 ? 0 : floppies == 1 ? 0x07 : 0x77));
        bus.WriteByte(BiosData.FloppyMedia, (byte)(floppies > 0 ? 0x17 : 0));     // 500 kbit/s, established
        bus.WriteByte(BiosData.FloppyMedia + 1, (byte)(floppies > 1 ? 0x17 : 0));
        bus.WriteCmos(CmosFloppies, (byte)((first << 4) | second));
        bus.WriteCmos(CmosDisks, (byte)((drives.Disks > 0 ? 0xF0 : 0) | (drives.Disks > 1 ? 0x0F : 0)));
        bus.WriteCmos(CmosEquipment, (byte)equipment);
        bus.WriteCmos(CmosShutdown, 0);

        // INT 41h and 46h point to the parameters of the first two disks.
        DescribeFixedDisk(0x41, DriveTable.FirstDisk, ExtendedBiosData.FixedDisk0);
        DescribeFixedDisk(0x46, DriveTable.FirstDisk + 1, ExtendedBiosData.FixedDisk1);
    }

    private void DescribeFixedDisk(int vector, byte number, uint offset)
    {
        if (drives.Find(number) is not { } drive)
        {
            return;
        }

        const byte MoreThan8Heads = 0x08;
        uint table = data.Extended(offset);
        bus.WriteWord(table, (ushort)drive.Geometry.Cylinders);
        bus.WriteByte(table + 2, (byte)drive.Geometry.Heads);
        bus.WriteByte(table + 8, drive.Geometry.Heads > 8 ? MoreThan8Heads : (byte)0);
        bus.WriteWord(table + 12, (ushort)drive.Geometry.Cylinders); // landing zone
        bus.WriteByte(table + 14, (byte)drive.Geometry.Sectors);
        SetVector(vector, new FarPointer(data.ExtendedSegment, (ushort)offset));
    }
}
