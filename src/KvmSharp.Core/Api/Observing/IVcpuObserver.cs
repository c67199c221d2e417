namespace KvmSharp;

/// <summary>Sees what vCPUs do that is no exit. For traces and coverage; it must not touch the machine. Called on the thread of the vCPU.</summary>
/// <remarks>Nothing is asked and nothing is paid while nobody observes: see <see cref="VirtualMachine.Observer"/>.</remarks>
public interface IVcpuObserver
{
    /// <summary>An exception or interrupt is about to be taken through the IVT or IDT; faults met on the way come here too, one after the other.</summary>
    /// <param name="observed">The event.</param>
    void OnEvent(in ObservedEvent observed);

    /// <summary>HLT has been carried out. The vCPU waits, or <c>Run</c> returns.</summary>
    /// <param name="vcpuId">The vCPU.</param>
    /// <param name="position">The instruction.</param>
    void OnHalt(int vcpuId, in VcpuPosition position);

    /// <summary>An instruction begins. Called only while <see cref="VirtualMachine.ObservesInstructions"/> is set.</summary>
    /// <param name="vcpuId">The vCPU.</param>
    /// <param name="position">The instruction.</param>
    void OnInstruction(int vcpuId, in VcpuPosition position);

    /// <summary>An instruction has accessed watched memory: see <see cref="VirtualMachine.WatchedMemory"/>.</summary>
    /// <param name="access">The access.</param>
    void OnMemoryAccess(in ObservedAccess access);
}

/// <summary>Where a vCPU is.</summary>
/// <param name="Instructions">Instructions that it had retired before the one at <paramref name="Rip"/>.</param>
/// <param name="CodeSegment">CS.</param>
/// <param name="Rip">The instruction under way; between two instructions the next one.</param>
public readonly record struct VcpuPosition(ulong Instructions, ushort CodeSegment, ulong Rip);

/// <summary>An exception or interrupt that is about to be taken.</summary>
public readonly record struct ObservedEvent
{
    /// <summary>Gets the vCPU.</summary>
    public required int VcpuId { get; init; }

    /// <summary>Gets where it happens: at the instruction that faults, or is INT n, INT3, INTO or INT1; for traps and interrupts before the next one.</summary>
    public required VcpuPosition Position { get; init; }

    /// <summary>Gets what it is.</summary>
    public required ObservedEventKind Kind { get; init; }

    /// <summary>Gets the vector.</summary>
    public required byte Vector { get; init; }

    /// <summary>Gets the error code, when the exception has one.</summary>
    public uint? ErrorCode { get; init; }

    /// <summary>Gets the linear address of a page fault, which CR2 holds; else 0.</summary>
    public ulong Address { get; init; }
}

/// <summary>Where an event comes from.</summary>
public enum ObservedEventKind : byte
{
    /// <summary>An external interrupt or an NMI.</summary>
    ExternalInterrupt,

    /// <summary>A fault, trap or abort of the processor's own.</summary>
    Exception,

    /// <summary>INT n.</summary>
    SoftwareInterrupt,

    /// <summary>INT3, INTO or INT1.</summary>
    SoftwareException,
}

/// <summary>An access to watched memory, or the part of one that lies in one page.</summary>
/// <param name="VcpuId">The vCPU.</param>
/// <param name="Position">The instruction.</param>
/// <param name="Direction">Read for a load; an atomic operation is a write.</param>
/// <param name="Address">The guest-physical address.</param>
/// <param name="Width">Bytes.</param>
/// <param name="Value">The first 8 bytes, little-endian: those read or written; for an atomic operation those it found.</param>
public readonly record struct ObservedAccess(int VcpuId, VcpuPosition Position, ExitDirection Direction, ulong Address, int Width, ulong Value);

/// <summary>Bytes of guest-physical memory.</summary>
/// <param name="Start">The first one's address.</param>
/// <param name="Length">How many; at least 1.</param>
public readonly record struct ObservedRange(ulong Start, ulong Length);
