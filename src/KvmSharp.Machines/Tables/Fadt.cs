using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The fixed ACPI description table: where the power management registers are. Source: ACPI 6.4, "Fixed ACPI Description Table (FADT)".</summary>
internal static class Fadt
{
    /// <summary>The revision of ACPI 4.0, with 64-bit addresses and the reset register.</summary>
    public const int Revision = 4;

    /// <summary>FIRMWARE_CTRL, from the start of the table.</summary>
    public const int FacsOffset = 36;

    /// <summary>DSDT.</summary>
    public const int DsdtOffset = 40;

    /// <summary>X_DSDT.</summary>
    public const int ExtendedDsdtOffset = 140;

    private const int DesktopProfile = 1;
    private const int NoSuchState = 0xFFF; // a latency that says there is neither C2 nor C3
    private const int LegacyDevicesAndKeyboard = 0x03; // IAPC_BOOT_ARCH
    private const int PortSpace = 1;
    private const int ByteAccess = 1;
    private const int WordAccess = 2;
    private const int DWordAccess = 3;
    private const int GeneralPurposeEventBytes = 4;

    // The chip's registers, from its first port
    private const int Event = 0;
    private const int Control = 4;
    private const int Timer = 8;

    private const uint WriteBackInvalidate = 1 << 0; // WBINVD works
    private const uint HaltOnAll = 1 << 2;           // PROC_C1
    private const uint NoSleepButton = 1 << 5;
    private const uint NoClockWake = 1 << 6;         // FIX_RTC
    private const uint HasResetRegister = 1 << 10;
    private const uint Features = WriteBackInvalidate | HaltOnAll | NoSleepButton | NoClockWake | HasResetRegister;

    /// <summary>Encodes the table's content, without its header.</summary>
    public static byte[] Encode(uint facs, uint dsdt)
    {
        TableWriter t = new TableWriter()
            .DWord(facs).DWord(dsdt).Byte(0).Byte(DesktopProfile).Word(PcLayout.SystemControlIrq)
            .DWord(PcLayout.ApmCommand).Byte(Piix4PowerManagement.AcpiEnableCommand).Byte(Piix4PowerManagement.AcpiDisableCommand).Byte(0).Byte(0)
            .DWord(PcLayout.PowerManagement + Event).DWord(0)
            .DWord(PcLayout.PowerManagement + Control).DWord(0).DWord(0)
            .DWord(PcLayout.PowerManagement + Timer)
            .DWord(PcLayout.GeneralPurposeEvents).DWord(0)
            .Byte(4).Byte(2).Byte(0).Byte(4).Byte(GeneralPurposeEventBytes).Byte(0).Byte(0).Byte(0) // their lengths
            .Word(NoSuchState).Word(NoSuchState)
            .Zeros(6)       // flushing and duty cycle: not needed
            .Byte(0).Byte(0).Byte(PcLayout.CmosCentury) // no alarm day or month
            .Word(LegacyDevicesAndKeyboard).Byte(0).DWord(Features);
        Address(t, 8, ByteAccess, PcLayout.ResetControl);
        t.Byte(PcLayout.ResetCommand).Zeros(3)
            .QWord(0)       // X_FIRMWARE_CTRL: the short pointer is enough
            .QWord(dsdt);
        Address(t, 32, WordAccess, PcLayout.PowerManagement + Event);
        t.Zeros(12);
        Address(t, 16, WordAccess, PcLayout.PowerManagement + Control);
        t.Zeros(24);
        Address(t, 32, DWordAccess, PcLayout.PowerManagement + Timer);
        Address(t, 8 * GeneralPurposeEventBytes, ByteAccess, PcLayout.GeneralPurposeEvents);
        return t.Zeros(12).ToArray();
    }

    // A generic address structure
    private static void Address(TableWriter table, int bits, int access, int port) =>
        table.Byte(PortSpace).Byte(bits).Byte(0).Byte(access).QWord((ulong)port);
}
