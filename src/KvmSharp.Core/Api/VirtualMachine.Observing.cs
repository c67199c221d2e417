using KvmSharp.Engine;
using KvmSharp.Observing;

namespace KvmSharp;

/// <summary>Looking at a guest without changing what it computes.</summary>
public sealed unsafe partial class VirtualMachine
{
    private MemoryWatch? _memoryWatch;

    /// <summary>Gets or sets who sees events, halts, and what the other members here choose. To be set while no vCPU runs, or from an exit handler.</summary>
    public IVcpuObserver? Observer { get; set; }

    /// <summary>Gets or sets a value indicating whether <see cref="Observer"/> is told of each instruction; guest code is then interpreted.</summary>
    /// <remarks>Decoded code is dropped when this changes. A vCPU that is running follows at the start of its next block.</remarks>
    public bool ObservesInstructions
    {
        get;
        set
        {
            if (field != value)
            {
                field = value;
                DecodeAnew();
            }
        }
    }

    /// <summary>Gets or sets a value indicating whether executed instructions are counted; guest code is then interpreted.</summary>
    /// <remarks>As with <see cref="ObservesInstructions"/>. Counts stay when counting ends, and go on when it begins again.</remarks>
    public bool CountsInstructions
    {
        get;
        set
        {
            if (field != value)
            {
                field = value;
                DecodeAnew();
            }
        }
    }

    /// <summary>Gets or sets the memory whose accesses <see cref="Observer"/> is told of: loads and stores of instructions, event delivery and descriptor loads.</summary>
    /// <remarks>Fetches, page-table walks and what devices move by themselves are not seen. Accesses to the pages around are slower.</remarks>
    /// <exception cref="KvmException">A range is empty or leaves the address space (EINVAL).</exception>
    public IReadOnlyList<ObservedRange> WatchedMemory
    {
        get => _memoryWatch?.Ranges ?? [];
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            foreach (ObservedRange range in value)
            {
                if (range.Length == 0 || range.Start >= AddressSpaceEnd || range.Length > AddressSpaceEnd - range.Start)
                {
                    throw KvmException.Invalid($"{range} is no range of guest-physical memory");
                }
            }

            _memoryWatch = value.Count == 0 ? null : new MemoryWatch([.. value]);
            FlushAll(self: null);
        }
    }

    internal MemoryWatch? MemoryWatch => _memoryWatch;

    /// <summary>Gets a value indicating whether instructions get a watching micro-op in front of them.</summary>
    internal bool WatchesInstructions => ObservesInstructions || CountsInstructions;

    /// <summary>Gets what has been executed while <see cref="CountsInstructions"/> was set. Not while vCPUs run.</summary>
    /// <returns>The instructions by ascending linear address.</returns>
    public IReadOnlyList<ExecutedInstruction> GetExecutedInstructions() => ExecutionCounts.Merge(Array.ConvertAll(_engines, static engine => engine.ExecutionCounts));

    /// <summary>Gets how many instructions were decoded and not counted, because <see cref="ExecutionCounts.Capacity"/> were counted already.</summary>
    public ulong UncountedInstructions => _engines.Aggregate(0UL, static (sum, engine) => sum + engine.ExecutionCounts.Dropped);

    private void DecodeAnew()
    {
        foreach (VcpuEngine engine in Volatile.Read(ref _engines))
        {
            engine.Requests.CodeWritten(0, 0);
        }
    }
}
