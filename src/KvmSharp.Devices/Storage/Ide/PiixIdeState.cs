using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the IDE controller, its channels and its drives remember.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct PiixIdeState
{
    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config { get; set; }

    /// <summary>Gets or sets the first channel's bus master.</summary>
    public BusMasterState PrimaryBusMaster { get; set; }

    /// <summary>Gets or sets the second channel's bus master.</summary>
    public BusMasterState SecondaryBusMaster { get; set; }

    /// <summary>Gets or sets the first channel.</summary>
    public IdeChannelState Primary { get; set; }

    /// <summary>Gets or sets the second channel.</summary>
    public IdeChannelState Secondary { get; set; }
}

/// <summary>All that the bus-master half of a channel remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct BusMasterState
{
    /// <summary>Gets or sets the command register.</summary>
    public byte Command { get; set; }

    /// <summary>Gets or sets the status register.</summary>
    public byte Status { get; set; }

    /// <summary>Gets or sets the address of the descriptor table.</summary>
    public uint Table { get; set; }

    /// <summary>Gets or sets the address of the descriptor behind the current one.</summary>
    public uint NextDescriptor { get; set; }

    /// <summary>Gets or sets how many descriptors were read since the start.</summary>
    public int Descriptors { get; set; }

    /// <summary>Gets or sets the address of the next byte in the current region.</summary>
    public uint RegionAddress { get; set; }

    /// <summary>Gets or sets how many bytes the current region still has.</summary>
    public int RegionLeft { get; set; }

    /// <summary>Gets or sets a value indicating whether the current region is the table's last.</summary>
    public bool IsLastRegion { get; set; }
}
