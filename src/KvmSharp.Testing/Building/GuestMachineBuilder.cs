using System.Text.RegularExpressions;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>Describes a machine step by step. Every step changes this builder and returns it; a builder can make any number of machines.</summary>
/// <remarks>
/// Unless told otherwise a machine has 64 MiB, one processor with everything that is emulated, deterministic time, and the debug-exit port of
/// QEMU's <c>isa-debug-exit,iobase=0xf4,iosize=4</c>; it does not reboot, and it throws away what the guest writes to disks.
/// </remarks>
public sealed partial class GuestMachineBuilder
{
    private PcOptions _options = new() { Deterministic = true, DebugExit = true, NoReboot = true };
    private IReadOnlyCollection<int> _passValues = [0, 0x10];
    private Regex? _panic = PanicWatch.Default;
    private Lazy<SymbolTable?> _symbols = new(static () => null);

    /// <summary>Sets the amount of memory.</summary>
    /// <param name="bytes">Whole pages.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithMemory(ulong bytes) => With(o => o with { MemoryBytes = bytes });

    /// <summary>Sets the processors.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">How many: 1 to <see cref="PcOptions.MostCpus"/>. They take turns in deterministic time.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithCpu(CpuModel model, int count = 1) => With(o => o with { Cpu = model, Cpus = count });

    /// <summary>Sets what carries out guest code; the guest cannot tell.</summary>
    /// <param name="engine">The engine.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithEngine(EngineKind engine) => With(o => o with { Engine = engine });

    /// <summary>Sets what chooses the random bytes of the virtio entropy device.</summary>
    /// <param name="seed">Any number.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithSeed(ulong seed) => With(o => o with { Seed = seed });

    /// <summary>Sets the date and time that the clock chip begins with: 2000-01-01 unless told otherwise.</summary>
    /// <param name="start">The date and time.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithClockStart(DateTimeOffset start) => With(o => o with { ClockStart = start });

    /// <summary>Adds devices that not every PC has.</summary>
    /// <param name="devices">The devices.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithDevices(OptionalDevices devices) => With(o => o with { Devices = o.Devices | devices });

    /// <summary>Sets the values of the debug-exit port that mean success: 0, as kvm-unit-tests has it, and 10h, as many kernels in Rust do, unless told otherwise.</summary>
    /// <param name="values">The values as the guest writes them.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithPassValues(params int[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        _passValues = [.. values];
        return this;
    }

    /// <summary>Sets which line of the console is a kernel's panic, and ends the guest.</summary>
    /// <param name="pattern">A regular expression for one line; <see langword="null"/> for none.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithPanicText(Regex? pattern)
    {
        _panic = pattern;
        return this;
    }

    /// <summary>Gives names to addresses in reports. Those of a booted ELF file need not be given.</summary>
    /// <param name="path">An ELF file, or a map as nm and System.map have it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ImageException">The file cannot be read, or holds no symbols.</exception>
    public GuestMachineBuilder WithSymbols(string path)
    {
        SymbolTable symbols = SymbolTable.Read(ImageFile.Read(path, LargestImage));
        _symbols = new Lazy<SymbolTable?>(() => symbols);
        return this;
    }

    /// <summary>Changes anything else about the machine.</summary>
    /// <param name="change">Gets the options, gives the changed ones. Its serial port stays the test's.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder With(Func<PcOptions, PcOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _options = change(_options);
        return this;
    }

    /// <summary>Makes a machine, booted up to the image's first instruction.</summary>
    /// <returns>The machine, which stands still.</returns>
    /// <exception cref="ImageException">The image cannot be booted, or a disk not opened.</exception>
    /// <exception cref="ArgumentException">The description contradicts itself.</exception>
    public GuestMachine Build()
    {
        return Build(port => new PcMachine(_options with { Serial = port }));
    }

    /// <summary>Makes the machine of a snapshot. Of this description count the engine, the values that pass, the panic text and the symbols.</summary>
    /// <param name="path">The file, of <see cref="GuestMachine.SaveAsync"/> or of <c>kvmsharp run --snapshot-at-exit</c>.</param>
    /// <returns>The machine, which stands still where it was saved.</returns>
    /// <exception cref="SnapshotException">The file is missing, damaged or of another version, or a disk is not what it was.</exception>
    /// <exception cref="ImageException">A disk cannot be opened.</exception>
    public GuestMachine Restore(string path) =>
        Build(port => PcMachine.Restore(path, new MachineHost { Serial = port, Engine = _options.Engine, NoReboot = true }));

    private GuestMachine Build(Func<SerialPort, PcMachine> make)
    {
        var panic = new PanicWatch(_panic);
        var description = new GuestDescription { Options = _options, PassValues = _passValues, Symbols = _symbols };
        return new GuestMachine(description, make, new SerialPort(panic), panic);
    }
}
