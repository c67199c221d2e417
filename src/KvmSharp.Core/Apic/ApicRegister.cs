namespace KvmSharp.Apic;

/// <summary>The registers of a local APIC: offset in its page divided by 16, which is also the number of the MSR less 800h.</summary>
/// <remarks>Intel SDM Vol. 3A, "Local APIC Register Address Map" and "x2APIC Register Address Space".</remarks>
internal enum ApicRegister
{
    Id = 0x02,
    Version = 0x03,
    TaskPriority = 0x08,
    ArbitrationPriority = 0x09,
    ProcessorPriority = 0x0A,
    EndOfInterrupt = 0x0B,
    LogicalDestination = 0x0D,
    DestinationFormat = 0x0E,
    SpuriousVector = 0x0F,

    /// <summary>The first of eight: vectors in service.</summary>
    InService = 0x10,

    /// <summary>The first of eight: vectors whose interrupt is level triggered.</summary>
    TriggerMode = 0x18,

    /// <summary>The first of eight: vectors requested.</summary>
    InterruptRequest = 0x20,

    ErrorStatus = 0x28,
    InterruptCommand = 0x30,
    InterruptCommandHigh = 0x31,
    LvtTimer = 0x32,
    LvtThermal = 0x33,
    LvtPerformance = 0x34,
    LvtLint0 = 0x35,
    LvtLint1 = 0x36,
    LvtError = 0x37,
    InitialCount = 0x38,
    CurrentCount = 0x39,
    DivideConfiguration = 0x3E,

    /// <summary>In x2APIC mode only.</summary>
    SelfIpi = 0x3F,
}
