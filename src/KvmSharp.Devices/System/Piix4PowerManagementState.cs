using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a PIIX4 power management function remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Piix4PowerManagementState
{
    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config { get; set; }

    /// <summary>Gets or sets the registers in port space.</summary>
    public AcpiState Acpi { get; set; }
}

/// <summary>The registers of ACPI's fixed hardware.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct AcpiState
{
    /// <summary>Gets or sets PM1_STS.</summary>
    public ushort Status { get; set; }

    /// <summary>Gets or sets PM1_EN.</summary>
    public ushort Enable { get; set; }

    /// <summary>Gets or sets PM1_CNT without SLP_EN.</summary>
    public ushort Control { get; set; }

    /// <summary>Gets or sets the enables of the general purpose events.</summary>
    public ushort GeneralEnable { get; set; }

    /// <summary>Gets or sets the last byte written to the APM command port.</summary>
    public byte ApmCommand { get; set; }

    /// <summary>Gets or sets the byte at the APM status port.</summary>
    public byte ApmStatus { get; set; }

    /// <summary>Gets or sets how often the timer's top bit had changed when its status bit was last brought up to date.</summary>
    public long TimerHalf { get; set; }
}
