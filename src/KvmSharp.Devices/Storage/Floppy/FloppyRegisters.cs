namespace KvmSharp.Devices;

/// <summary>Offsets of the controller's ports. Intel 82077AA data sheet, "Register set".</summary>
internal static class FloppyRegister
{
    public const int DigitalOutput = 2;
    public const int TapeDrive = 3;
    public const int MainStatus = 4; // writes as Data Rate Select
    public const int Fifo = 5;
    public const int DigitalInput = 7; // writes as Configuration Control

    /// <summary>The ports; offset 6 is the hard disk's.</summary>
    public const int Count = 8;
}

/// <summary>Bits of the Digital Output register.</summary>
internal static class FloppyDigitalOutput
{
    public const byte Drive = 0x03;
    public const byte NotReset = 0x04;
    public const byte DmaGate = 0x08; // interrupt and DMA request reach the bus
}

/// <summary>Bits of the Main Status register.</summary>
internal static class FloppyMainStatus
{
    public const byte CommandBusy = 0x10;
    public const byte NonDma = 0x20;
    public const byte DataToHost = 0x40;
    public const byte Request = 0x80;
}

/// <summary>Bits of status register 0. Intel 82077AA data sheet, "Status register encoding".</summary>
[Flags]
public enum FloppyStatus0 : byte
{
    /// <summary>Normal termination.</summary>
    None = 0,

    /// <summary>H: the head.</summary>
    Head = 0x04,

    /// <summary>EC: the drive failed.</summary>
    EquipmentCheck = 0x10,

    /// <summary>SE: a seek has ended.</summary>
    SeekEnd = 0x20,

    /// <summary>IC: the command was begun and did not succeed.</summary>
    Abnormal = 0x40,

    /// <summary>IC: there is no such command.</summary>
    Invalid = 0x80,

    /// <summary>IC: what was found by polling the drives behind a reset.</summary>
    Polled = 0xC0,
}

/// <summary>Bits of status register 1.</summary>
[Flags]
public enum FloppyStatus1 : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MA: no address mark was found; also the way in which no medium and a wrong data rate show.</summary>
    MissingAddressMark = 0x01,

    /// <summary>NW: the medium is write-protected.</summary>
    NotWritable = 0x02,

    /// <summary>ND: there is no such sector.</summary>
    NoData = 0x04,

    /// <summary>OR: nobody moved the data in time.</summary>
    Overrun = 0x10,

    /// <summary>DE: the sector's data or address are damaged.</summary>
    DataError = 0x20,

    /// <summary>EN: the last sector was passed without TC.</summary>
    EndOfCylinder = 0x80,
}

/// <summary>Bits of status register 2.</summary>
[Flags]
public enum FloppyStatus2 : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>WC: the track's addresses name another cylinder.</summary>
    WrongCylinder = 0x10,

    /// <summary>DD: the error is in the data.</summary>
    DataErrorInData = 0x20,
}

/// <summary>The commands, without the bits MT, MFM and SK.</summary>
internal enum FloppyCommand
{
    None = 0,
    Specify = 0x03,
    SenseDriveStatus = 0x04,
    WriteData = 0x05,
    ReadData = 0x06,
    Recalibrate = 0x07,
    SenseInterruptStatus = 0x08,
    ReadId = 0x0A,
    FormatTrack = 0x0D,
    DumpRegisters = 0x0E,
    Seek = 0x0F,
    Version = 0x10,
    Perpendicular = 0x12,
    Configure = 0x13,
    Lock = 0x14,
}
