namespace KvmSharp.Devices;

/// <summary>The registers of ACPI's fixed hardware as the PIIX4 lays them out, by byte offset from PMBA.</summary>
/// <remarks>Source: Intel 82371AB (PIIX4) data sheet, "Power Management I/O Registers"; ACPI Specification, "Fixed Hardware Registers".</remarks>
internal static class AcpiRegister
{
    public const int Status = 0x00;  // PM1_STS, 2 bytes; a 1 written clears a bit
    public const int Enable = 0x02;  // PM1_EN, 2 bytes
    public const int Control = 0x04; // PM1_CNT, 2 bytes
    public const int Timer = 0x08;   // PM_TMR, 4 bytes, read only
}

/// <summary>Bits of PM1_STS and PM1_EN, which have the same places.</summary>
[Flags]
internal enum AcpiEvents : ushort
{
    None = 0,
    Timer = 1 << 0,        // TMR: bit 23 of the timer has changed
    GlobalLock = 1 << 5,   // GBL
    PowerButton = 1 << 8,  // PWRBTN
    SleepButton = 1 << 9,  // SLPBTN
    RealTimeClock = 1 << 10, // RTC
    Wake = 1 << 15,        // WAK, status only
}

/// <summary>Bits of PM1_CNT.</summary>
[Flags]
internal enum AcpiControl : ushort
{
    None = 0,
    SciEnable = 1 << 0,    // SCI_EN: events are interrupts, ACPI mode is on
    SleepEnable = 1 << 13, // SLP_EN: reads as 0
}
