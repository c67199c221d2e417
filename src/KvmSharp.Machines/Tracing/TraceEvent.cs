namespace KvmSharp.Machines;

/// <summary>One thing that happened in a machine: a value, so that telling of it allocates nothing.</summary>
public readonly record struct TraceEvent
{
    /// <summary>Gets the number of the event: 0 for the first that anybody listened to. Numbers follow the order in which the trace got them.</summary>
    public ulong Sequence { get; init; }

    /// <summary>Gets the kind; it decides which other members mean anything.</summary>
    public required TraceEventKind Kind { get; init; }

    /// <summary>Gets the vCPU.</summary>
    public int VcpuId { get; init; }

    /// <summary>Gets where the vCPU is: the instruction under way; for interrupts and traps the next one. All 0 for a console byte that a timer of real time sent.</summary>
    public VcpuPosition Position { get; init; }

    /// <summary>Gets the virtual time in nanoseconds.</summary>
    public long Time { get; init; }

    /// <summary>Gets the exit, for the kinds in <see cref="TraceKinds.Exits"/>.</summary>
    public VmExit Exit { get; init; }

    /// <summary>Gets the direction of an access, seen from the guest.</summary>
    public ExitDirection Direction { get; init; }

    /// <summary>Gets the port, the guest-physical address, CR2 of a page fault, the number of a hypercall; for a console byte the <see cref="TraceConsole"/>.</summary>
    public ulong Address { get; init; }

    /// <summary>Gets the width of an access in bytes.</summary>
    public int Width { get; init; }

    /// <summary>Gets the first 8 bytes that were moved, little-endian; for a hypercall its result, for a console byte the byte.</summary>
    public ulong Value { get; init; }

    /// <summary>Gets the vector of an interrupt or exception.</summary>
    public byte Vector { get; init; }

    /// <summary>Gets the error code of an exception that has one.</summary>
    public uint? ErrorCode { get; init; }

    /// <summary>Gets a value indicating whether KVM would have returned to its embedder.</summary>
    public bool IsExit => (TraceKinds.Exits & Kind.AsKinds()) != 0;
}

/// <summary>What a trace tells of.</summary>
public enum TraceEventKind : byte
{
    /// <summary>IN, OUT, INS or OUTS, carried out by a device. A string instruction is one event.</summary>
    Port,

    /// <summary>An access to a memory-mapped device.</summary>
    Mmio,

    /// <summary>VMCALL or VMMCALL, answered.</summary>
    Hypercall,

    /// <summary>Any other exit: a halt that nothing ends, a shutdown, a system event, something that is not emulated.</summary>
    Exit,

    /// <summary>An external interrupt or NMI is taken.</summary>
    Interrupt,

    /// <summary>INT n is taken.</summary>
    SoftwareInterrupt,

    /// <summary>An exception is raised, INT3, INTO and INT1 too. One that is met while another is taken comes behind it.</summary>
    Fault,

    /// <summary>HLT.</summary>
    Halt,

    /// <summary>An access to watched memory: see <see cref="MachineTrace.WatchedMemory"/>.</summary>
    Memory,

    /// <summary>An instruction begins.</summary>
    Instruction,

    /// <summary>The guest has sent a byte to the host.</summary>
    Console,

    /// <summary>The first access to a port or page at which no device answers.</summary>
    Unmapped,
}

/// <summary>Sets of <see cref="TraceEventKind"/>.</summary>
[Flags]
public enum TraceKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Port accesses.</summary>
    Ports = 1 << TraceEventKind.Port,

    /// <summary>MMIO accesses.</summary>
    Mmio = 1 << TraceEventKind.Mmio,

    /// <summary>Hypercalls.</summary>
    Hypercalls = 1 << TraceEventKind.Hypercall,

    /// <summary>All that KVM would return to its embedder; ends of a run by budget or cancellation are the embedder's own and none.</summary>
    Exits = Ports | Mmio | Hypercalls | (1 << TraceEventKind.Exit),

    /// <summary>Exceptions.</summary>
    Faults = 1 << TraceEventKind.Fault,

    /// <summary>External interrupts, NMIs, INT n, and exceptions.</summary>
    Interrupts = (1 << TraceEventKind.Interrupt) | (1 << TraceEventKind.SoftwareInterrupt) | Faults,

    /// <summary>HLT.</summary>
    Halts = 1 << TraceEventKind.Halt,

    /// <summary>Accesses to watched memory.</summary>
    Memory = 1 << TraceEventKind.Memory,

    /// <summary>Every instruction; the guest is interpreted.</summary>
    Instructions = 1 << TraceEventKind.Instruction,

    /// <summary>Console bytes.</summary>
    Console = 1 << TraceEventKind.Console,

    /// <summary>Accesses that no device answers.</summary>
    Unmapped = 1 << TraceEventKind.Unmapped,

    /// <summary>All but instructions.</summary>
    Events = Exits | Interrupts | Halts | Memory | Console | Unmapped,
}

/// <summary>Where console bytes go.</summary>
public enum TraceConsole : byte
{
    /// <summary>The first serial port; the debug console at port E9h shares its host end.</summary>
    Serial,

    /// <summary>The virtio console.</summary>
    Virtio,
}

/// <summary>What kinds and their sets have to do with each other.</summary>
public static class TraceEventKinds
{
    /// <summary>Gives the set of one kind.</summary>
    /// <param name="kind">The kind.</param>
    /// <returns>The set.</returns>
    public static TraceKinds AsKinds(this TraceEventKind kind) => (TraceKinds)(1 << (int)kind);
}
