using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What the firmware is installed into.</summary>
public sealed record FirmwareParts
{
    /// <summary>Gets guest memory; it has 64 KiB at F0000h for the ROM.</summary>
    public required IGuestMemory Memory { get; init; }

    /// <summary>Gets the I/O ports, with the chips already on them.</summary>
    public required PortBus Ports { get; init; }

    /// <summary>Gets the memory-mapped devices; the video memory is one.</summary>
    public required MmioBus Mmio { get; init; }

    /// <summary>Gets the ranges of RAM, lowest first.</summary>
    public required IReadOnlyList<RamRange> Ram { get; init; }

    /// <summary>Gets the floppies in drives 00h and up; at most two are used.</summary>
    public IReadOnlyList<IDisk> Floppies { get; init; } = [];

    /// <summary>Gets the hard disks 80h and up; at most sixteen are used.</summary>
    public IReadOnlyList<IDisk> Disks { get; init; } = [];

    /// <summary>Gets the CD-ROMs E0h and up; at most sixteen are used.</summary>
    public IReadOnlyList<IDisk> Cdroms { get; init; } = [];

    /// <summary>Gets what is tried, first choice first.</summary>
    public IReadOnlyList<BootDevice> BootOrder { get; init; } = [BootDevice.Floppy, BootDevice.Disk, BootDevice.Cdrom];

    /// <summary>Gets a value indicating whether there is a VGA. Without one, text goes only to the serial console.</summary>
    public bool HasScreen { get; init; }

    /// <summary>Gets a value indicating whether there is a PCI bus.</summary>
    public bool HasPci { get; init; }

    /// <summary>Gets a value indicating whether text is also sent to the first serial port, and keys taken from it, until the guest programs that port itself.</summary>
    public bool SerialConsole { get; init; }

    /// <summary>Gets a font of 256 characters, 16 bytes each, for text modes; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Font { get; init; }

    /// <summary>Gets what is called when nothing can be booted, with a sentence for the user; the processor halts afterwards.</summary>
    public Action<string>? NothingToBoot { get; init; }
}
