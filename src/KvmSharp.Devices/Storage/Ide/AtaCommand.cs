namespace KvmSharp.Devices;

/// <summary>The commands that drives here know. ATA/ATAPI-6 (T13 1410D), "Command descriptions"; obsolete ones from ATA-1 to ATA-5.</summary>
internal enum AtaCommand : byte
{
    DeviceReset = 0x08,
    Recalibrate = 0x10, // to 1Fh
    ReadSectors = 0x20,
    ReadSectorsOnce = 0x21, // "without retries"
    ReadSectorsExt = 0x24,
    ReadDmaExt = 0x25,
    ReadNativeMaxExt = 0x27,
    ReadMultipleExt = 0x29,
    WriteSectors = 0x30,
    WriteSectorsOnce = 0x31,
    WriteSectorsExt = 0x34,
    WriteDmaExt = 0x35,
    WriteMultipleExt = 0x39,
    ReadVerify = 0x40,
    ReadVerifyOnce = 0x41,
    ReadVerifyExt = 0x42,
    Seek = 0x70, // to 7Fh
    ExecuteDiagnostic = 0x90,
    InitializeParameters = 0x91,
    OldStandbyImmediate = 0x94,
    OldIdleImmediate = 0x95,
    OldStandby = 0x96,
    OldIdle = 0x97,
    OldCheckPowerMode = 0x98,
    OldSleep = 0x99,
    Packet = 0xA0,
    IdentifyPacketDevice = 0xA1,
    ReadMultiple = 0xC4,
    WriteMultiple = 0xC5,
    SetMultipleMode = 0xC6,
    ReadDma = 0xC8,
    ReadDmaOnce = 0xC9,
    WriteDma = 0xCA,
    WriteDmaOnce = 0xCB,
    StandbyImmediate = 0xE0,
    IdleImmediate = 0xE1,
    Standby = 0xE2,
    Idle = 0xE3,
    CheckPowerMode = 0xE5,
    Sleep = 0xE6,
    FlushCache = 0xE7,
    FlushCacheExt = 0xEA,
    IdentifyDevice = 0xEC,
    SetFeatures = 0xEF,
    ReadNativeMax = 0xF8,
}

/// <summary>The subcommands of SET FEATURES, which stand in the Features register.</summary>
internal enum AtaFeature : byte
{
    EnableWriteCache = 0x02,
    SetTransferMode = 0x03,
    DisableLookAhead = 0x55,
    KeepSettings = 0x66, // a soft reset does not bring the power-on settings back
    DisableWriteCache = 0x82,
    EnableLookAhead = 0xAA,
    RevertSettings = 0xCC,
}
