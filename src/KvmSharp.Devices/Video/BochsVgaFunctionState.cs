using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the PCI side of the display adapter remembers; its VGA, its display interface and its memory have their own.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct BochsVgaFunctionState
{
    private PciConfigSpace _config;

    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config
    {
        readonly get => _config;
        set => _config = value;
    }
}
