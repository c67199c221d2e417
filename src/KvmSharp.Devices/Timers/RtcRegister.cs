namespace KvmSharp.Devices;

/// <summary>The registers of an MC146818 by index, and the bytes of a PC's CMOS that have a fixed meaning.</summary>
internal static class RtcRegister
{
    public const int Seconds = 0x00;
    public const int SecondsAlarm = 0x01;
    public const int Minutes = 0x02;
    public const int MinutesAlarm = 0x03;
    public const int Hours = 0x04;
    public const int HoursAlarm = 0x05;
    public const int DayOfWeek = 0x06; // 1 is Sunday
    public const int DayOfMonth = 0x07;
    public const int Month = 0x08;
    public const int Year = 0x09; // 0 to 99
    public const int A = 0x0A;
    public const int B = 0x0B;
    public const int C = 0x0C;
    public const int D = 0x0D;
    public const int FloppyDrives = 0x10; // high half the type of drive A, low half that of drive B
    public const int Equipment = 0x14; // bit 0 there are floppy drives, bit 1 coprocessor, bits 7 and 6 floppy drives less one
    public const int BaseMemoryKiB = 0x15; // low byte, then high byte, as all sizes here
    public const int ExtendedMemoryKiB = 0x17; // above 1 MiB, at most 65535
    public const int ExtendedMemoryKiBCopy = 0x30; // the same as found by the power-on test
    public const int Century = 0x32;
    public const int HighMemory64KiB = 0x34; // above 16 MiB, in units of 64 KiB
    public const int BootOrderThird = 0x38; // QEMU: high half the third boot device; bit 0 leaves out the check of a floppy's signature
    public const int BootOrder = 0x3D; // QEMU: low half the first boot device, high half the second
    public const int MemoryAbove4GiB = 0x5B; // QEMU: 3 bytes, in units of 64 KiB
    public const int OtherProcessors = 0x5F; // QEMU: processors besides the first
}

/// <summary>What firmware can boot from, by its number in the CMOS boot order.</summary>
public enum BiosBootDevice
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A floppy disk.</summary>
    Floppy = 1,

    /// <summary>A hard disk.</summary>
    HardDisk = 2,

    /// <summary>A CD-ROM.</summary>
    CdRom = 3,
}
