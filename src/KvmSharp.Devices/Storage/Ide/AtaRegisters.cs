namespace KvmSharp.Devices;

/// <summary>Offsets of the ports of a channel. ATA/ATAPI-6 (T13 1410D), "I/O registers".</summary>
internal static class AtaRegister
{
    public const int Data = 0;
    public const int Features = 1; // reads as Error
    public const int SectorCount = 2; // Interrupt Reason while a packet is carried out
    public const int LbaLow = 3;
    public const int LbaMid = 4; // Byte Count Low while a packet is carried out
    public const int LbaHigh = 5; // Byte Count High
    public const int Device = 6;
    public const int Command = 7; // reads as Status
    public const int DeviceControl = 8; // the control block's port; reads as Alternate Status

    /// <summary>The ports of both blocks.</summary>
    public const int Count = 9;
}

/// <summary>Bits of the Status register.</summary>
[Flags]
public enum AtaStatus : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>ERR, and CHK of packet drives: the Error register says why.</summary>
    Error = 0x01,

    /// <summary>DRQ: the drive waits for data to be moved.</summary>
    DataRequest = 0x08,

    /// <summary>DSC: the heads have settled.</summary>
    SeekComplete = 0x10,

    /// <summary>DF: the drive failed, rather than the command.</summary>
    DeviceFault = 0x20,

    /// <summary>DRDY: the drive takes all commands.</summary>
    Ready = 0x40,

    /// <summary>BSY: the other bits mean nothing.</summary>
    Busy = 0x80,
}

/// <summary>Bits of the Error register.</summary>
[Flags]
public enum AtaError : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>As the result of a diagnostic, not of a command: the drive passed.</summary>
    DiagnosticPassed = 0x01,

    /// <summary>ABRT: the command or a parameter is not supported, or the drive could not do it.</summary>
    Aborted = 0x04,

    /// <summary>IDNF: there is no sector with this address.</summary>
    IdNotFound = 0x10,

    /// <summary>UNC, in a read: the data could not be had.</summary>
    Uncorrectable = 0x40,

    /// <summary>WP, in a write: the medium is write-protected. The same bit as UNC.</summary>
    WriteProtected = Uncorrectable,
}

/// <summary>Bits of the Device register.</summary>
internal static class AtaDevice
{
    public const byte Second = 0x10; // DEV
    public const byte Lba = 0x40;
    public const byte AddressBits = 0x0F; // the head, or bits 24 to 27 of a 28-bit address
    public const byte Obsolete = 0xA0; // always set in drives before ATA-6; software compares what it reads back
}

/// <summary>Bits of the Device Control register.</summary>
internal static class AtaControl
{
    public const byte InterruptDisabled = 0x02; // nIEN
    public const byte SoftReset = 0x04; // SRST
    public const byte HighOrderByte = 0x80; // HOB
}
