namespace KvmSharp.Devices;

/// <summary>The display adapter as PCI function 1234:1111: the memory as a linear frame buffer, and its registers as memory.</summary>
/// <remarks>
/// Register 0 (10h) is the frame buffer, prefetchable; register 2 (18h) has 4 KiB: at 400h the ports 3C0h to 3DFh, at 500h the display interface.
/// The VGA's own ports and A0000h to BFFFFh do not move: the board maps them. Source: QEMU documentation, "QEMU Standard VGA".
/// </remarks>
public sealed class BochsVgaFunction : PciFunction, IMmioDevice, IStateful<BochsVgaFunctionState>
{
    private const ulong RegisterBytes = 4096;
    private const ulong VgaStart = 0x400;
    private const ulong VgaEnd = 0x420;
    private const ulong DisplayStart = 0x500;
    private const ulong DisplayEnd = 0x516;
    private const ushort FirstVgaPort = 0x10; // 3C0h, from 3B0h
    private const byte Prefetchable = 0x08;

    private readonly Vga _vga;
    private readonly BochsDisplay _display;

    /// <summary>Makes a function in its power-on state.</summary>
    /// <param name="vga">The VGA.</param>
    /// <param name="display">Its display interface.</param>
    /// <param name="interruptPin">A wire without an end: the function never interrupts.</param>
    public BochsVgaFunction(Vga vga, BochsDisplay display, ISignal interruptPin)
        : base(new PciIdentity { VendorId = 0x1234, DeviceId = 0x1111, ClassCode = 0x03_0000, Revision = 2, SubsystemVendorId = 0x1AF4, SubsystemId = 0x1100 }, interruptPin)
    {
        ArgumentNullException.ThrowIfNull(vga);
        _vga = vga;
        _display = display;
        AddBar(0, PciSpace.Memory32, (ulong)vga.Memory.Length, memory: vga.Memory);
        AddBar(2, PciSpace.Memory32, RegisterBytes, memory: this);
        Reset();
    }

    /// <inheritdoc/>
    public BochsVgaFunctionState Save() => new() { Config = SaveConfig() };

    /// <inheritdoc/>
    public void Load(in BochsVgaFunctionState state) => LoadConfig(state.Config);

    /// <inheritdoc/>
    public void Reset()
    {
        PowerOnHeader();
        Config[PciRegister.FirstBar] |= Prefetchable;
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width) => offset switch
    {
        >= VgaStart and < VgaEnd when width <= sizeof(uint) => _vga.ReadPort((ushort)(offset - VgaStart + FirstVgaPort), width),
        >= DisplayStart and < DisplayEnd => _display.ReadMmio(offset - DisplayStart, width),
        _ => 0,
    };

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        switch (offset)
        {
            case >= VgaStart and < VgaEnd when width <= sizeof(uint):
                _vga.WritePort((ushort)(offset - VgaStart + FirstVgaPort), width, (uint)value);
                break;
            case >= DisplayStart and < DisplayEnd:
                _display.WriteMmio(offset - DisplayStart, width, value);
                break;
            default:
                break;
        }
    }
}
