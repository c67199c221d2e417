namespace KvmSharp.Machines;

/// <summary>The processors of a PC: the first one boots, the others wait for its INIT and start-up IPIs.</summary>
internal sealed class PcProcessors
{
    private readonly VirtualMachine _vm;

    /// <summary>Makes them.</summary>
    /// <param name="vm">The machine, with its clock and without vCPUs.</param>
    /// <param name="options">What the PC is built from.</param>
    /// <exception cref="ArgumentException">Several processors, but no local APICs by which they could be started.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No processor, or more than <see cref="PcOptions.MostCpus"/>.</exception>
    public PcProcessors(VirtualMachine vm, PcOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Cpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Cpus, PcOptions.MostCpus);
        _vm = vm;
        _vm.LocalApics = options.HasApics;
        if (options.Cpus > 1 && !options.HasApics)
        {
            throw new ArgumentException(
                options.Apic
                    ? $"Several processors need APICs, which the model {options.Cpu} does not have: give one processor or a later model."
                    : "Several processors need APICs: give one processor, or leave the APICs on.",
                nameof(options));
        }

        for (int id = 0; id < options.Cpus; id++)
        {
            VirtualCpu vcpu = _vm.CreateVcpu(id);
            vcpu.Cpuid = options.HasApics ? options.Cpu.Cpuid.WithProcessor(id, options.Cpus) : options.Cpu.Cpuid;
        }

        Turns = options.Deterministic && options.Cpus > 1 ? new VcpuTurns(_vm) : null;
        Reset(); // leaves the model's signature in EDX
    }

    /// <summary>Gets all of them; the first one boots.</summary>
    public IReadOnlyList<VirtualCpu> All => _vm.Vcpus;

    /// <summary>Gets the one that runs when one thread runs all: the one whose turn it is. Where each has a thread of its own, the first.</summary>
    public VirtualCpu Current => Turns?.Current ?? All[0];

    /// <summary>Gets what runs several of them in deterministic time; <see langword="null"/> for one, and in real time.</summary>
    public VcpuTurns? Turns { get; }

    /// <summary>Gets a value indicating whether each runs on a thread of its own.</summary>
    public bool AreParallel => All.Count > 1 && Turns is null;

    /// <summary>Gets the instructions retired by all together.</summary>
    public ulong InstructionsRetired => All.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.InstructionsRetired);

    /// <summary>Sets up what firmware would: all memory is cached, as the default of the memory type ranges. Systems take them for broken else.</summary>
    public void SetUpWithoutFirmware()
    {
        const int MemoryTypeRanges = 1 << 12; // leaf 1, EDX: MTRR
        const uint DefaultType = 0x2FF;       // IA32_MTRR_DEF_TYPE
        const ulong EnabledWriteBack = 0x806;
        foreach (VirtualCpu vcpu in All.Where(static vcpu => (vcpu.Cpuid.Find(1, 0).Edx & MemoryTypeRanges) != 0))
        {
            vcpu.SetMsr(DefaultType, EnabledWriteBack);
        }
    }

    /// <summary>Gives all their power-on state.</summary>
    public void Reset()
    {
        foreach (VirtualCpu vcpu in All)
        {
            vcpu.Reset();
        }

        Turns?.Restart();
    }
}
