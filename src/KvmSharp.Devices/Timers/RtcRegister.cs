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
    public const int BaseMemoryKiB = 0x15; // low byte, then high byte, as all sizes here
    public const int ExtendedMemoryKiB = 0x17; // above 1 MiB, at most 65535
    public const int ExtendedMemoryKiBCopy = 0x30; // the same as found by the power-on test
    public const int Century = 0x32;
    public const int HighMemory64KiB = 0x34; // above 16 MiB, in units of 64 KiB
}
