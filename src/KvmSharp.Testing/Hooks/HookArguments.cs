using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>An access to a port, after the device has answered.</summary>
/// <param name="VcpuId">The processor.</param>
/// <param name="Position">The instruction.</param>
/// <param name="Direction">In or out, seen from the guest.</param>
/// <param name="Port">The port.</param>
/// <param name="Width">Bytes: 1, 2 or 4; more for a string instruction, which is one access.</param>
/// <param name="Value">The first 8 bytes that were moved, little-endian.</param>
public readonly record struct PortAccess(int VcpuId, VcpuPosition Position, ExitDirection Direction, ushort Port, int Width, ulong Value);

/// <summary>An access to memory, or to a memory-mapped device.</summary>
/// <param name="VcpuId">The processor.</param>
/// <param name="Position">The instruction.</param>
/// <param name="Direction">In for a load, out for a store; atomic operations on RAM are stores.</param>
/// <param name="Address">The guest-physical address.</param>
/// <param name="Width">Bytes.</param>
/// <param name="Value">The first 8 bytes that were moved, little-endian.</param>
public readonly record struct MemoryAccess(int VcpuId, VcpuPosition Position, ExitDirection Direction, ulong Address, int Width, ulong Value);

/// <summary>An instruction that is about to begin.</summary>
/// <param name="VcpuId">The processor.</param>
/// <param name="Position">Where it is, and how many instructions came before.</param>
public readonly record struct InstructionStart(int VcpuId, VcpuPosition Position);

/// <summary>An interrupt or exception that the guest takes.</summary>
/// <param name="VcpuId">The processor.</param>
/// <param name="Position">Where the handler will return to.</param>
/// <param name="Kind">Where it comes from.</param>
/// <param name="Vector">The vector.</param>
/// <param name="ErrorCode">The error code of an exception that has one.</param>
/// <param name="Address">CR2 of a page fault; else 0.</param>
public readonly record struct InterruptTaken(int VcpuId, VcpuPosition Position, InterruptSource Kind, byte Vector, uint? ErrorCode, ulong Address)
{
    internal static InterruptTaken From(in TraceEvent e) => new(
        e.VcpuId,
        e.Position,
        e.Kind switch
        {
            TraceEventKind.Interrupt => InterruptSource.External,
            TraceEventKind.SoftwareInterrupt => InterruptSource.Instruction,
            _ => InterruptSource.Exception,
        },
        e.Vector,
        e.ErrorCode,
        e.Address);
}

/// <summary>Where an interrupt or exception comes from.</summary>
public enum InterruptSource
{
    /// <summary>The interrupt controller, or NMI.</summary>
    External,

    /// <summary>INT n.</summary>
    Instruction,

    /// <summary>A fault, trap or abort; INT3, INTO and INT1 too.</summary>
    Exception,
}
