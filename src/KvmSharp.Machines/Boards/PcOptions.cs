using System.Collections.Frozen;

namespace KvmSharp.Machines;

/// <summary>What a PC is built from.</summary>
public sealed record PcOptions
{
    /// <summary>The RAM that a machine has unless told otherwise: 64 MiB.</summary>
    public const ulong DefaultMemoryBytes = 64UL << 20;

    /// <summary>Gets what the machine boots by itself; <see langword="null"/> leaves it to <see cref="Bios"/>, and without one to our own firmware, which looks for a disk.</summary>
    public BootSource? Boot { get; init; }

    /// <summary>Gets the firmware's ROM, from which the processor starts; <see langword="null"/> for our own. Not together with <see cref="Boot"/>.</summary>
    public ImageFile? Bios { get; init; }

    /// <summary>Gets the disks that the firmware offers beside the image that is booted.</summary>
    public BootMedia Media { get; init; } = new();

    /// <summary>Gets a value indicating whether the firmware's text also goes to the serial port, and keys come from it, until the guest programs that port.</summary>
    public bool SerialConsole { get; init; } = true;

    /// <summary>Gets the amount of RAM in bytes: whole pages, up to <see cref="PcLayout.LargestMemory"/>.</summary>
    public ulong MemoryBytes { get; init; } = DefaultMemoryBytes;

    /// <summary>Gets ROMs that the firmware finds and calls, such as a VGA BIOS.</summary>
    public IReadOnlyList<ImageFile> OptionRoms { get; init; } = [];

    /// <summary>Gets files that the firmware finds in its configuration device, by name; they replace the board's own of the same name.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> FirmwareFiles { get; init; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>Gets what takes the bytes that firmware writes to its debug port (402h), under the device lock; <see langword="null"/> leaves the port out.</summary>
    public Action<byte>? FirmwareDebugOutput { get; init; }

    /// <summary>Gets the boot order unless told otherwise, which is QEMU's "cad".</summary>
    public static IReadOnlyList<BootDevice> DefaultBootOrder { get; } = [BootDevice.Disk, BootDevice.Floppy, BootDevice.Cdrom];

    /// <summary>The most processors that a machine may have.</summary>
    public const int MostCpus = 8;

    /// <summary>Gets the processor model.</summary>
    public CpuModel Cpu { get; init; } = CpuModel.Max;

    /// <summary>Gets the number of processors: 1 to <see cref="MostCpus"/>. Deterministic ones take turns, others have a thread each.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Gets a value indicating whether there are local APICs and an IO-APIC, as far as the processor model knows them.</summary>
    public bool Apic { get; init; } = true;

    /// <summary>Gets a value indicating whether the machine has APICs: CPUID, the ACPI tables and the MP table tell of them together or not at all.</summary>
    public bool HasApics => Apic && Cpu.HasLocalApic;

    /// <summary>Gets the host's end of the serial line; <see langword="null"/> leaves it unconnected.</summary>
    public ISerialHost? Serial { get; init; }

    /// <summary>Gets a value indicating whether somebody may press keys at any time, so that a halted guest waits for them.</summary>
    public bool AwaitsKeys { get; init; }

    /// <summary>Gets the hard disks, in the order the guest finds them on each bus.</summary>
    public IReadOnlyList<DiskAttachment> Disks { get; init; } = [];

    /// <summary>Gets the disc in the CD-ROM drive; <see langword="null"/> for no drive.</summary>
    public DiskSpec? Cdrom { get; init; }

    /// <summary>Gets the floppy in drive A; <see langword="null"/> for no drive.</summary>
    public DiskSpec? Floppy { get; init; }

    /// <summary>Gets what firmware tries to boot from, first choice first.</summary>
    public IReadOnlyList<BootDevice> BootOrder { get; init; } = DefaultBootOrder;

    /// <summary>Gets the devices that the machine has besides those of every PC.</summary>
    public OptionalDevices Devices { get; init; }

    /// <summary>Gets the host's end of the virtio console; <see langword="null"/> leaves it unconnected.</summary>
    public ISerialHost? Console { get; init; }

    /// <summary>Gets what fills a span with the host's random bytes for <see cref="OptionalDevices.VirtioRng"/>; a deterministic machine makes its own from a fixed seed.</summary>
    public Action<Span<byte>>? Entropy { get; init; }

    /// <summary>Gets what carries out guest code.</summary>
    public EngineKind Engine { get; init; }

    /// <summary>Gets the most memory in bytes that translated code of each processor may take, about.</summary>
    public long TranslatedCodeLimit { get; init; } = 64L << 20;

    /// <summary>Gets a value indicating whether QEMU's debug-exit port is there.</summary>
    public bool DebugExit { get; init; }

    /// <summary>Gets a value indicating whether time is the count of retired instructions, one nanosecond each.</summary>
    public bool Deterministic { get; init; }

    /// <summary>Gets what chooses the random bytes of a deterministic machine, and nothing else.</summary>
    public ulong Seed { get; init; }

    /// <summary>Gets the host's time, which the machine follows when it is not deterministic.</summary>
    public TimeProvider TimeProvider { get; init; } = ThreadTimeProvider.Instance;

    /// <summary>Gets the date and time that the clock chip starts with; <see langword="null"/> for the host's, or 2000-01-01 when deterministic.</summary>
    public DateTimeOffset? ClockStart { get; init; }

    /// <summary>Gets a value indicating whether a guest's reset ends the run instead of booting again.</summary>
    public bool NoReboot { get; init; }

    /// <summary>Gets a value indicating whether an access to a port or an address without a device ends the run.</summary>
    public bool StopOnUnmapped { get; init; }

    /// <summary>Gets a value indicating whether VMCALL and VMMCALL are hypercalls, each answered with KVM's "no such call" (-1000); else they raise #UD.</summary>
    public bool Hypercalls { get; init; }
}

/// <summary>Limits of one run.</summary>
public sealed record MachineRunOptions
{
    /// <summary>Gets the number of instructions after which the run ends.</summary>
    public ulong MaxInstructions { get; init; } = ulong.MaxValue;

    /// <summary>Gets the virtual time after which the run ends, in deterministic time to the instruction; <see langword="null"/> for no such limit.</summary>
    public TimeSpan? MaxVirtualTime { get; init; }

    /// <summary>Gets the token that ends the run within milliseconds, whatever the guest does.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Gets the processors that stand still meanwhile, for a debugger that steps one among several. It has no effect on processors that take turns: who is next is part of what they compute.</summary>
    public IReadOnlySet<int> Held { get; init; } = FrozenSet<int>.Empty;
}
