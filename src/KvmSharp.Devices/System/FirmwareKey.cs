namespace KvmSharp.Devices;

/// <summary>Keys of the items in a <see cref="FirmwareConfiguration"/>. QEMU, include/standard-headers/linux/qemu_fw_cfg.h and hw/i386/fw_cfg.h.</summary>
public static class FirmwareKey
{
    /// <summary>The four letters by which the device is found.</summary>
    public const ushort Signature = 0x00;

    /// <summary>The interfaces that the device has, a doubleword of bits.</summary>
    public const ushort Versions = 0x01;

    /// <summary>The RAM below 4 GiB in bytes, a quadword.</summary>
    public const ushort RamSize = 0x03;

    /// <summary>1, a word, when the machine has no screen.</summary>
    public const ushort NoScreen = 0x04;

    /// <summary>The number of processors at the start, a word.</summary>
    public const ushort ProcessorCount = 0x05;

    /// <summary>The bound of the processors' local APIC identifications, a word.</summary>
    public const ushort MostProcessors = 0x0F;

    /// <summary>The directory of files.</summary>
    public const ushort Directory = 0x19;

    /// <summary>The first file's key.</summary>
    public const ushort FirstFile = 0x20;

    /// <summary>1, a byte, when the timer's interrupt arrives at pin 2 of the IO-APIC.</summary>
    public const ushort TimerOverride = 0x8002;
}
