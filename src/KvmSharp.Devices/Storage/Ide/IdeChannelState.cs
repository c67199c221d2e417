using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a channel and its drives remember.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct IdeChannelState
{
    /// <summary>Gets or sets the Device Control register.</summary>
    public byte Control { get; set; }

    /// <summary>Gets or sets the number of the selected drive.</summary>
    public byte Selected { get; set; }

    /// <summary>Gets or sets the first drive.</summary>
    public IdeDriveState First { get; set; }

    /// <summary>Gets or sets the second drive.</summary>
    public IdeDriveState Second { get; set; }
}
