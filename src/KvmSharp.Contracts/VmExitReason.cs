namespace KvmSharp;

/// <summary>Why guest code stopped. The numbers are KVM's own (KVM_EXIT_*), so that either manual can be read beside a trace; those of our own start at 256.</summary>
public enum VmExitReason
{
    /// <summary>Nothing known. KVM_EXIT_UNKNOWN; kept for the numbering, never returned.</summary>
    Unknown = 0,

    /// <summary>A port access: IN, OUT, INS or OUTS. KVM_EXIT_IO.</summary>
    Io = 2,

    /// <summary>A hypercall that the embedder wants to see. KVM_EXIT_HYPERCALL.</summary>
    Hypercall = 3,

    /// <summary>A debug event that the embedder asked for. KVM_EXIT_DEBUG.</summary>
    Debug = 4,

    /// <summary>HLT without an interrupt controller, or one that nothing can end. KVM_EXIT_HLT.</summary>
    Hlt = 5,

    /// <summary>An access outside RAM, or a write to a read-only slot. KVM_EXIT_MMIO.</summary>
    Mmio = 6,

    /// <summary>The guest can take an interrupt now, as the embedder asked to be told. KVM_EXIT_IRQ_WINDOW_OPEN.</summary>
    IrqWindowOpen = 7,

    /// <summary>A triple fault. KVM_EXIT_SHUTDOWN.</summary>
    Shutdown = 8,

    /// <summary>The register state cannot run. KVM_EXIT_FAIL_ENTRY.</summary>
    FailEntry = 9,

    /// <summary>The embedder wanted it to stop; <see cref="VmExit.InterruptCause"/> tells how. KVM_EXIT_INTR.</summary>
    Intr = 10,

    /// <summary>The guest needs something that is not emulated. KVM_EXIT_INTERNAL_ERROR.</summary>
    InternalError = 17,

    /// <summary>The guest asked for a power-off, a reset, or has crashed. KVM_EXIT_SYSTEM_EVENT.</summary>
    SystemEvent = 24,

    /// <summary>RDMSR that the embedder answers: filtered, or unknown. KVM_EXIT_X86_RDMSR.</summary>
    Rdmsr = 29,

    /// <summary>WRMSR that the embedder answers: filtered, unknown, or a value that is not taken. KVM_EXIT_X86_WRMSR.</summary>
    Wrmsr = 30,

    /// <summary>Something that the embedder intercepts is about to happen: see <see cref="VmExit.Intercept"/>. KVM has no such exit.</summary>
    Intercept = 256,
}

/// <summary>The direction of a port or MMIO access, seen from the guest.</summary>
public enum ExitDirection : byte
{
    /// <summary>The guest reads: IN, INS, or a load. KVM_EXIT_IO_IN.</summary>
    Read = 0,

    /// <summary>The guest writes: OUT, OUTS, or a store. KVM_EXIT_IO_OUT.</summary>
    Write = 1,
}

/// <summary>What ended a <c>Run</c> that returned <see cref="VmExitReason.Intr"/>. KVM has only the signal; here the causes are told apart.</summary>
public enum InterruptCause : byte
{
    /// <summary>Not an <see cref="VmExitReason.Intr"/> exit.</summary>
    None = 0,

    /// <summary>The instruction budget of this <c>Run</c> is used up.</summary>
    Budget,

    /// <summary><c>VirtualCpu.Kick</c> was called.</summary>
    Kick,

    /// <summary><c>VirtualCpu.ImmediateExit</c> is set.</summary>
    ImmediateExit,

    /// <summary>The cancellation token was cancelled.</summary>
    Cancellation,
}

/// <summary>What the guest asked of the board. The numbers are KVM's (KVM_SYSTEM_EVENT_*).</summary>
public enum SystemEventType : byte
{
    /// <summary>Not a <see cref="VmExitReason.SystemEvent"/> exit.</summary>
    None = 0,

    /// <summary>Power off. KVM_SYSTEM_EVENT_SHUTDOWN.</summary>
    Shutdown = 1,

    /// <summary>Reset. KVM_SYSTEM_EVENT_RESET.</summary>
    Reset = 2,

    /// <summary>The guest reports that it has crashed. KVM_SYSTEM_EVENT_CRASH.</summary>
    Crash = 3,
}

/// <summary>What an <see cref="VmExitReason.InternalError"/> is about. The numbers are KVM's (KVM_INTERNAL_ERROR_*).</summary>
public enum InternalErrorKind : byte
{
    /// <summary>Not an internal error.</summary>
    None = 0,

    /// <summary>An instruction that the processor offers could not be carried out. KVM_INTERNAL_ERROR_EMULATION.</summary>
    Emulation = 1,

    /// <summary>An event met a second exit while it was being delivered. KVM_INTERNAL_ERROR_DELIVERY_EV.</summary>
    DeliveryEvent = 3,
}
