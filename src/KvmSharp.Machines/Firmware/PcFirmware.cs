namespace KvmSharp.Machines;

/// <summary>Our own small BIOS: a ROM whose interrupt entries call managed code through one port.</summary>
/// <remarks>
/// The port takes a doubleword, the address SS:SP of the caller's registers (see <c>rom.asm</c> and <see cref="CpuFrame"/>); services read
/// and change them in guest memory. So the firmware is a port device like others: it needs no access to a vCPU, works on every processor
/// model, and keeps its state in the BIOS data areas, which a snapshot of RAM holds (but for the disks' geometries, see <see cref="Part"/>).
/// Callers are in real mode, or in virtual-8086 mode with the first MiB mapped to itself.
/// Sources: Ralf Brown's Interrupt List; IBM PC AT Technical Reference, "ROM BIOS listing".
/// </remarks>
public sealed class PcFirmware : IPortDevice
{
    private const int SegmentShift = 16;

    private readonly FirmwareParts _parts;
    private readonly CpuFrame _frame = new();
    private readonly ReadOnlyMemory<byte> _rom;
    private readonly PowerOnSetup _setup;
    private readonly VideoServices _video;
    private readonly DiskServices _disks;
    private readonly SerialServices _serial;
    private readonly SystemServices _system;
    private readonly KeyboardServices _keyboard;
    private readonly ClockServices _clock;
    private readonly PciServices _pci;
    private readonly BootServices _boot;
    private readonly DriveTable _drives;

    private PcFirmware(FirmwareParts parts)
    {
        _parts = parts;
        _rom = FirmwareRom.For(parts.Font.Span);
        var bus = new FirmwareBus(parts.Memory, parts.Ports, parts.Mmio);
        var data = new DataAreas(bus, parts.Ram);
        DriveTable drives = _drives = new DriveTable(parts, bus, data);
        var console = new SerialConsole(bus, data, parts.SerialConsole);
        var text = new BiosScreen(bus, console, parts.HasScreen);
        _video = new VideoServices(bus, text, new VideoModes(bus, parts.HasScreen, parts.Font));
        _disks = new DiskServices(bus, drives);
        _serial = new SerialServices(bus);
        _clock = new ClockServices(bus);
        _system = new SystemServices(bus, data, _clock, MemoryMap.Of(parts.Ram));
        _keyboard = new KeyboardServices(bus, console);
        _pci = new PciServices(bus, parts.HasPci);
        _boot = new BootServices(bus, data, drives, text, parts);
        _setup = new PowerOnSetup(bus, data, drives, _video, _clock);
    }

    /// <summary>Makes a firmware, maps its port, and puts its ROM into memory.</summary>
    /// <param name="parts">The machine around it.</param>
    /// <returns>The firmware.</returns>
    public static PcFirmware Install(FirmwareParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var firmware = new PcFirmware(parts);
        parts.Ports.Map(PcLayout.FirmwareCall, sizeof(uint), firmware, maximumWidth: sizeof(uint));
        firmware.WriteRom();
        return firmware;
    }

    /// <summary>Puts the ROM into memory again. Called at each reset, before the processor starts at F000:FFF0.</summary>
    public void WriteRom() => _parts.Memory.TryWrite(PcLayout.ExtendedMemory - FirmwareRom.Size, _rom.Span);

    /// <summary>Does what the ROM does before it boots, for an image that is loaded without a boot sector. With the device lock held, behind a reset.</summary>
    public void PowerOn()
    {
        WriteRom();
        _setup.Run();
    }

    /// <summary>Fills vectors and data areas, and leaves the chips alone: for code that is to meet them as they power on.</summary>
    public void FillMemory()
    {
        WriteRom();
        _setup.FillMemory();
    }

    /// <summary>Gets what a snapshot holds besides guest memory.</summary>
    internal MachinePart Part => MachinePart.Of("firmware", _drives.Save, _drives.Load);

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width) => uint.MaxValue;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        var stack = new FarPointer((ushort)(value >> SegmentShift), (ushort)value);
        if (offset == 0 && width == sizeof(uint) && _frame.TryLoad(_parts.Memory, stack))
        {
            Serve(_frame);
            _frame.Store(_parts.Memory, stack);
        }
    }

    private void Serve(CpuFrame frame)
    {
        switch (frame.Number)
        {
            case 0x08:
                _clock.Tick();
                break;
            case 0x09:
                _keyboard.OnScanCode(frame);
                break;
            case 0x10:
                _video.Serve(frame);
                break;
            case 0x11:
                _system.ServeEquipment(frame);
                break;
            case 0x12:
                _system.ServeMemorySize(frame);
                break;
            case 0x13:
                _disks.Serve(frame);
                break;
            case 0x14:
                _serial.Serve(frame);
                break;
            case 0x15:
                _system.Serve(frame);
                break;
            case 0x16:
                _keyboard.Serve(frame);
                break;
            case 0x17:
                PrinterServices.Serve(frame);
                break;
            case 0x18:
                _boot.BootNext(frame);
                break;
            case 0x19:
                _boot.Boot(frame);
                break;
            case 0x1A when frame.Ah == PciServices.Function:
                _pci.Serve(frame);
                break;
            case 0x1A:
                _clock.Serve(frame);
                break;
            case 0x70:
                _clock.OnClockChip(frame);
                break;
            case PowerOnSetup.Number:
                _setup.Run();
                break;
            default:
                break; // not from our ROM
        }
    }
}
