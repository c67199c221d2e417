namespace KvmSharp.Machines;

/// <summary>What boot protocols, ACPI tables and the MP table tell a system about the machine.</summary>
public sealed record BoardDescription
{
    /// <summary>Gets the ranges of RAM, lowest first.</summary>
    public required IReadOnlyList<RamRange> Ram { get; init; }

    /// <summary>Gets the number of processors; their local APICs are numbered from 0.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>Gets a value indicating whether the machine has local APICs and an IO-APIC.</summary>
    public bool HasApic { get; init; }

    /// <summary>Gets a value indicating whether the machine has a floppy controller.</summary>
    public bool HasFloppy { get; init; }

    /// <summary>Gets what CPUID answers on the first processor.</summary>
    public CpuidTable Cpuid { get; init; } = CpuModel.Max.Cpuid;

    /// <summary>Gets the IO-APIC's number: the first behind those of the local APICs.</summary>
    public int IoApicId => Processors;

    /// <summary>Gets the guest-physical address of the ACPI root pointer (RSDP); 0 when there are no ACPI tables.</summary>
    public uint RsdpAddress { get; init; }

    /// <summary>Describes the board that the options ask for.</summary>
    internal static BoardDescription Of(PcOptions options, IReadOnlyList<RamRange> ram) => new()
    {
        Ram = ram,
        Processors = options.Cpus,
        HasApic = options.HasApics,
        HasFloppy = options.Floppy is not null,
        Cpuid = options.HasApics ? options.Cpu.Cpuid.WithProcessor(0, options.Cpus) : options.Cpu.Cpuid,
    };
}
