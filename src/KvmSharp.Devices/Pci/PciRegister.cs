namespace KvmSharp.Devices;

/// <summary>Byte offsets of the type 0 header. PCI Local Bus Specification 3.0, "Configuration Space Organization".</summary>
public static class PciRegister
{
    /// <summary>The maker, 2 bytes.</summary>
    public const int VendorId = 0x00;

    /// <summary>The device, 2 bytes.</summary>
    public const int DeviceId = 0x02;

    /// <summary>The command register, 2 bytes: see <see cref="PciCommand"/>.</summary>
    public const int Command = 0x04;

    /// <summary>The status register, 2 bytes: see <see cref="PciStatus"/>.</summary>
    public const int Status = 0x06;

    /// <summary>The revision, 1 byte.</summary>
    public const int Revision = 0x08;

    /// <summary>The programming interface, 1 byte.</summary>
    public const int ProgrammingInterface = 0x09;

    /// <summary>The subclass, and behind it the class, 1 byte each.</summary>
    public const int Subclass = 0x0A;

    /// <summary>The header type, 1 byte.</summary>
    public const int HeaderType = 0x0E;

    /// <summary>The first base address register, 4 bytes.</summary>
    public const int FirstBar = 0x10;

    /// <summary>The board's maker, 2 bytes.</summary>
    public const int SubsystemVendorId = 0x2C;

    /// <summary>The board, 2 bytes.</summary>
    public const int SubsystemId = 0x2E;

    /// <summary>The offset of the first capability, 1 byte; valid with <see cref="PciStatus.CapabilitiesList"/>.</summary>
    public const int Capabilities = 0x34;

    /// <summary>The interrupt line that firmware chose, 1 byte without effect.</summary>
    public const int InterruptLine = 0x3C;

    /// <summary>The interrupt pin, 1 byte.</summary>
    public const int InterruptPin = 0x3D;

    /// <summary>Bit 7 of the header type: the device has further functions.</summary>
    public const int MultifunctionBit = 0x80;
}

/// <summary>Bits of the command register.</summary>
[Flags]
public enum PciCommand
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Windows in port space answer.</summary>
    PortSpace = 1 << 0,

    /// <summary>Windows in memory space answer.</summary>
    MemorySpace = 1 << 1,

    /// <summary>The function may access memory.</summary>
    BusMaster = 1 << 2,

    /// <summary>The interrupt pin stays released.</summary>
    InterruptDisable = 1 << 10,
}

/// <summary>Bits of the status register.</summary>
[Flags]
public enum PciStatus
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The function asks for an interrupt, whether its pin is disabled or not.</summary>
    Interrupt = 1 << 3,

    /// <summary>The header has a list of capabilities.</summary>
    CapabilitiesList = 1 << 4,
}
