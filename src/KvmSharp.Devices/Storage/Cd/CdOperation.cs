namespace KvmSharp.Devices;

/// <summary>The packet commands that a CD-ROM drive knows. SPC-3 and MMC-3, "Commands".</summary>
internal enum CdOperation : byte
{
    TestUnitReady = 0x00,
    RequestSense = 0x03,
    Inquiry = 0x12,
    ModeSense6 = 0x1A,
    StartStopUnit = 0x1B,
    PreventAllowRemoval = 0x1E,
    ReadCapacity = 0x25,
    Read10 = 0x28,
    Seek = 0x2B,
    ReadToc = 0x43,
    GetConfiguration = 0x46,
    GetEventStatus = 0x4A,
    ReadDiscInformation = 0x51,
    ModeSense10 = 0x5A,
    Read12 = 0xA8,
    SetSpeed = 0xBB,
    MechanismStatus = 0xBD,
}

/// <summary>How a packet command went, and which data it has for the host.</summary>
/// <param name="IsDone">Whether it succeeded; else the unit has sense data.</param>
/// <param name="ResponseBytes">Bytes in the response buffer.</param>
/// <param name="Block">The first block to read.</param>
/// <param name="Blocks">How many blocks to read.</param>
internal readonly record struct CdOutcome(bool IsDone, int ResponseBytes = 0, long Block = 0, int Blocks = 0)
{
    public static CdOutcome Failed => default;

    public static CdOutcome Done { get; } = new(IsDone: true);
}
