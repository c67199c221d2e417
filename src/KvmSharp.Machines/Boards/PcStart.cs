using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>How a machine starts: from a firmware ROM that the user names, or with our own firmware, whose work is done before an image is entered.</summary>
internal sealed class PcStart
{
    private readonly PcOptions _options;
    private readonly BoardDescription _board;
    private readonly VirtualMachine _vm;
    private readonly PcDevices _devices;
    private readonly ShadowMemory _shadow;
    private readonly BiosRom? _rom;
    private readonly PcFirmware? _firmware;

    /// <summary>Puts the firmware on the board, behind all chips.</summary>
    /// <param name="options">What the machine is built from.</param>
    /// <param name="board">What images are told about the machine.</param>
    /// <param name="vm">The machine.</param>
    /// <param name="devices">The chips.</param>
    /// <param name="wiring">What the board gave to them.</param>
    /// <param name="shadow">The memory below 1 MiB.</param>
    /// <param name="nothingToBoot">Called with a sentence when our own firmware finds nothing.</param>
    public PcStart(PcOptions options, BoardDescription board, VirtualMachine vm, PcDevices devices, PcWiring wiring, ShadowMemory shadow, Action<string> nothingToBoot)
    {
        _options = options;
        _board = board;
        _vm = vm;
        _devices = devices;
        _shadow = shadow;
        if (options.Bios is { } bios)
        {
            _rom = new BiosRom(bios);
            _rom.Install(vm, wiring.Mmio);
            return;
        }

        MachineDisks disks = wiring.Disks;
        _firmware = PcFirmware.Install(new FirmwareParts
        {
            Memory = vm.Memory,
            Ports = wiring.Ports,
            Mmio = wiring.Mmio,
            Ram = board.Ram,
            Floppies = disks.Floppy is { } floppy ? [floppy] : [],
            Disks = [.. disks.Ide, .. disks.Virtio],
            Cdroms = disks.Cdrom is { } cdrom ? [cdrom] : [],
            BootOrder = disks.BootOrder,
            HasScreen = true,
            HasPci = true,
            SerialConsole = options.SerialConsole,
            Font = VgaFont.Glyphs.ToArray(),
            NothingToBoot = nothingToBoot,
        });
    }

    /// <summary>Gets what a snapshot holds of our own firmware.</summary>
    public IEnumerable<MachinePart> Parts => _firmware is { } firmware ? [firmware.Part] : [];

    /// <summary>Brings the first processor to the first instruction. Behind a reset, with the device lock held.</summary>
    /// <param name="vcpu">The first processor.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">The image cannot be booted.</exception>
    public LoadedImage Boot(VirtualCpu vcpu)
    {
        if (_rom is not null)
        {
            return _rom.Load(_vm.Memory, _shadow);
        }

        _devices.SetUpWithoutFirmware();
        ImageFormat format = _options.Boot?.FormatInUse ?? ImageFormat.Disk;
        Prepare(format);
        BoardDescription board = FirmwareTables.Write(_vm.Memory, _board); // behind the ROM, which leaves room for them
        if (_options.Boot is { } boot && format is not (ImageFormat.Disk or ImageFormat.Iso))
        {
            return boot.Load(_vm.Memory, board, vcpu);
        }

        StartRegisters.Real16(vcpu, PcLayout.ResetVector, drive: 0); // the firmware finds the disk
        return new LoadedImage { Format = format, Entry = PcLayout.ResetVector, End = PcLayout.ExtendedMemory, Mode = StartMode.Real16 };
    }

    // A boot sector finds the machine as firmware leaves it, a flat image as it powers on, but with the firmware's services.
    private void Prepare(ImageFormat format)
    {
        _firmware!.WriteRom();
        switch (format)
        {
            case ImageFormat.BootSector:
                _firmware.PowerOn();
                break;
            case ImageFormat.Flat when _options.Boot!.Placement.Mode == StartMode.Real16:
                _firmware.FillMemory();
                break;
            default:
                break; // the ROM's own start does it, or nobody needs it
        }
    }
}
