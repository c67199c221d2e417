using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The display adapter on the board: its memory and chips, mapped where each PC has them.</summary>
internal sealed class PcVideo
{
    private const int MonochromePorts = 12; // 3B0h to 3BBh; a printer port may follow
    private const int ColorPorts = 32; // 3C0h to 3DFh
    private const int DisplayPorts = 3;
    private const int MemoryBytes = 16 * 1024 * 1024;

    /// <summary>Makes the adapter in its power-on state.</summary>
    public PcVideo(PortBus ports, MmioBus mmio, IVirtualClock clock)
    {
        var memory = new VideoMemory(MemoryBytes);
        Display = new BochsDisplay(memory);
        Vga = new Vga(clock, memory, Display);
        Function = new BochsVgaFunction(Vga, Display, OpenWire.Instance);
        ports.Map(PcLayout.Vga, MonochromePorts, Vga);
        ports.Map(PcLayout.VgaColor, ColorPorts, Vga, firstOffset: PcLayout.VgaColor - PcLayout.Vga);
        ports.Map(PcLayout.BochsDisplay, DisplayPorts, Display, maximumWidth: 2);
        mmio.Map(PcLayout.VgaMemory, KvmSharp.Devices.Vga.ApertureBytes, Vga.Aperture);
    }

    /// <summary>Gets the VGA.</summary>
    public Vga Vga { get; }

    /// <summary>Gets the interface for larger modes.</summary>
    public BochsDisplay Display { get; }

    /// <summary>Gets the adapter as a PCI function.</summary>
    public BochsVgaFunction Function { get; }

    /// <summary>Gets the chips as parts of a snapshot; the memory is apart.</summary>
    public IEnumerable<MachinePart> Parts => [MachinePart.Of("display", Display), MachinePart.Of("vga", Vga), MachinePart.Of("vga.function", Function)];

    /// <summary>Gives the chips their power-on state: a blank screen. The memory keeps what it has.</summary>
    public void Reset()
    {
        Display.Reset();
        Vga.Reset();
        Function.Reset();
    }
}
