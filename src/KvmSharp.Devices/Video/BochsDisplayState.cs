using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the Bochs display interface remembers. Sizes and offsets are in pixels.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct BochsDisplayState
{
    /// <summary>Gets or sets the register that the data port shows.</summary>
    public ushort Index { get; set; }

    /// <summary>Gets or sets the version that software has chosen.</summary>
    public ushort Id { get; set; }

    /// <summary>Gets or sets the width of the picture.</summary>
    public ushort Width { get; set; }

    /// <summary>Gets or sets the height of the picture.</summary>
    public ushort Height { get; set; }

    /// <summary>Gets or sets the bits of a pixel: 4, 8, 15, 16, 24 or 32.</summary>
    public ushort BitsPerPixel { get; set; }

    /// <summary>Gets or sets the enable register.</summary>
    public ushort Enable { get; set; }

    /// <summary>Gets or sets the 64 KiB bank behind A0000h.</summary>
    public ushort Bank { get; set; }

    /// <summary>Gets or sets the width of a row in memory.</summary>
    public ushort VirtualWidth { get; set; }

    /// <summary>Gets or sets the memory's column at the left of the picture.</summary>
    public ushort OffsetX { get; set; }

    /// <summary>Gets or sets the memory's row at the top of the picture.</summary>
    public ushort OffsetY { get; set; }
}
