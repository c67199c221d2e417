namespace KvmSharp;

/// <summary>One exit from guest code, complete: a value, so leaving the guest allocates nothing. Mirrors <c>struct kvm_run</c>.</summary>
/// <remarks>
/// A port, MMIO, MSR or hypercall exit leaves the instruction unfinished: after a read, give <c>VirtualCpu.ExitData</c> the answer; the next
/// <c>Run</c> (or <c>CompletePendingExit</c>) finishes the instruction.
/// </remarks>
public readonly record struct VmExit
{
    private const int HypercallQuadwords = 5;

    /// <summary>Gets the reason; it decides which other members mean anything.</summary>
    public VmExitReason Reason { get; private init; }

    /// <summary>Gets the direction of a port, MMIO or MSR access.</summary>
    public ExitDirection Direction { get; private init; }

    /// <summary>Gets the access width in bytes: 1, 2 or 4 for ports, 1 to 8 for MMIO, 8 for MSRs and hypercalls; else 0.</summary>
    public byte Width { get; private init; }

    /// <summary>Gets the cause of an <see cref="VmExitReason.Intr"/> exit.</summary>
    public InterruptCause InterruptCause => Reason == VmExitReason.Intr ? (InterruptCause)Detail : InterruptCause.None;

    /// <summary>Gets the kind of a <see cref="VmExitReason.SystemEvent"/> exit.</summary>
    public SystemEventType SystemEvent => Reason == VmExitReason.SystemEvent ? (SystemEventType)Detail : SystemEventType.None;

    /// <summary>Gets the kind of an <see cref="VmExitReason.InternalError"/> exit.</summary>
    public InternalErrorKind InternalError => Reason == VmExitReason.InternalError ? (InternalErrorKind)Detail : InternalErrorKind.None;

    /// <summary>Gets the kind of an <see cref="VmExitReason.Intercept"/> exit.</summary>
    public InterceptKind Intercept => Reason == VmExitReason.Intercept ? (InterceptKind)Detail : InterceptKind.None;

    /// <summary>Gets why an MSR access left. kvm_run.msr.reason.</summary>
    public MsrExitReason MsrReason => Reason is VmExitReason.Rdmsr or VmExitReason.Wrmsr ? (MsrExitReason)Detail : MsrExitReason.None;

    /// <summary>Gets the vector of an intercepted exception or interrupt, or of a debug exit: 1 for a register's breakpoint or a step, 3 for INT3 (kvm_debug_exit_arch.exception).</summary>
    public byte Vector { get; private init; }

    /// <summary>Gets a value indicating whether <see cref="Value"/> is the error code of an intercepted exception.</summary>
    public bool HasErrorCode { get; private init; }

    /// <summary>Gets the reason as VT-x would number it, or <see cref="BasicExitReason.None"/>.</summary>
    public BasicExitReason BasicExitReason => Reason == VmExitReason.Intercept ? BasicExitReasons.Of(Intercept) : BasicExitReasons.Of(Reason, InterruptCause);

    /// <summary>Gets the vCPU that left, by the id it was created with.</summary>
    public ushort VcpuId { get; private init; }

    /// <summary>Gets the port of an <see cref="VmExitReason.Io"/> exit.</summary>
    public ushort Port => (ushort)Address;

    /// <summary>Gets how many items of <see cref="Width"/> bytes a port access moves: above 1 only for INS and OUTS with REP, and 5 for a hypercall.</summary>
    public int Count { get; private init; }

    /// <summary>Gets the linear address of the next instruction of a <see cref="VmExitReason.Debug"/> exit; for INT3, of itself. kvm_debug_exit_arch.pc.</summary>
    public ulong ProgramCounter => Address;

    /// <summary>Gets the status of a <see cref="VmExitReason.Debug"/> exit as DR6 would show it: B0 to B3 for the embedder's breakpoints, BS for a step.</summary>
    public uint Dr6 => Reason == VmExitReason.Debug ? (uint)Value : 0;

    /// <summary>Gets the embedder's breakpoints of a <see cref="VmExitReason.Debug"/> exit as DR7 would arm them. kvm_debug_exit_arch.dr7.</summary>
    public uint Dr7 => Reason == VmExitReason.Debug ? (uint)(Value >> 32) : 0;

    /// <summary>Gets the port, the guest-physical address of an MMIO access, the number of an MSR or of a hypercall, <see cref="ProgramCounter"/>; at an intercept the qualification.</summary>
    /// <remarks>
    /// The qualification has Intel's form (SDM Vol. 3C, "Exit Qualification"): control and debug registers, task switches, INVLPG and
    /// page faults (the linear address). For RDMSR and WRMSR it is the register's number; else 0.
    /// </remarks>
    public ulong Address { get; private init; }

    /// <summary>Gets what the guest wrote (a port, MMIO or MSR write of one item), in the low <see cref="Width"/> bytes; else 0.</summary>
    /// <remarks>At an intercept: the value about to be written to the register, or the error code of an exception. At a debug exit DR7 above DR6.</remarks>
    public ulong Value { get; private init; }

    // One byte for the enumerations of which an exit has at most one.
    private byte Detail { get; init; }

    /// <summary>Makes a port exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="direction">Read for IN and INS.</param>
    /// <param name="port">The first port.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <param name="count">Items moved; at least 1.</param>
    /// <param name="value">For a write of one item, the item.</param>
    /// <returns>The exit.</returns>
    public static VmExit Io(int vcpu, ExitDirection direction, ushort port, int width, int count, ulong value) => new()
    {
        Reason = VmExitReason.Io,
        VcpuId = (ushort)vcpu,
        Direction = direction,
        Address = port,
        Width = (byte)width,
        Count = count,
        Value = value,
    };

    /// <summary>Makes an MMIO exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="direction">Read for a load.</param>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="width">1 to 8 bytes; the access stays inside one page.</param>
    /// <param name="value">For a write, the value.</param>
    /// <returns>The exit.</returns>
    public static VmExit Mmio(int vcpu, ExitDirection direction, ulong address, int width, ulong value) => new()
    {
        Reason = VmExitReason.Mmio,
        VcpuId = (ushort)vcpu,
        Direction = direction,
        Address = address,
        Width = (byte)width,
        Count = 1,
        Value = value,
    };

    /// <summary>Makes an MSR exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="direction">Read for RDMSR.</param>
    /// <param name="index">The MSR's number (ECX).</param>
    /// <param name="value">For WRMSR, EDX:EAX.</param>
    /// <param name="reason">Why it leaves.</param>
    /// <returns>The exit.</returns>
    public static VmExit Msr(int vcpu, ExitDirection direction, uint index, ulong value, MsrExitReason reason = MsrExitReason.Filtered) => new()
    {
        Detail = (byte)reason,
        Reason = direction == ExitDirection.Read ? VmExitReason.Rdmsr : VmExitReason.Wrmsr,
        VcpuId = (ushort)vcpu,
        Direction = direction,
        Address = index,
        Width = sizeof(ulong),
        Count = 1,
        Value = value,
    };

    /// <summary>Makes a debug exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="exception">1 or 3.</param>
    /// <param name="programCounter">The linear address.</param>
    /// <param name="dr6">The status.</param>
    /// <param name="dr7">The control.</param>
    /// <returns>The exit.</returns>
    public static VmExit Debug(int vcpu, byte exception, ulong programCounter, uint dr6, uint dr7) => new()
    {
        Reason = VmExitReason.Debug,
        VcpuId = (ushort)vcpu,
        Vector = exception,
        Address = programCounter,
        Value = dr6 | ((ulong)dr7 << 32),
    };

    /// <summary>Makes a hypercall exit.</summary>
    /// <remarks>
    /// The data are five quadwords: the place for the result, then the arguments from RBX, RCX, RDX and RSI. The result stands at
    /// KVM's "no such call" (-1000) until the embedder gives another.
    /// </remarks>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="number">RAX.</param>
    /// <returns>The exit.</returns>
    public static VmExit Hypercall(int vcpu, ulong number) => new()
    {
        Reason = VmExitReason.Hypercall,
        VcpuId = (ushort)vcpu,
        Direction = ExitDirection.Read,
        Address = number,
        Width = sizeof(ulong),
        Count = HypercallQuadwords,
    };

    /// <summary>Makes an intercept exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="kind">What was intercepted.</param>
    /// <param name="qualification">See <see cref="Address"/>.</param>
    /// <param name="value">See <see cref="Value"/>.</param>
    /// <returns>The exit.</returns>
    public static VmExit Intercepted(int vcpu, InterceptKind kind, ulong qualification = 0, ulong value = 0) => new()
    {
        Reason = VmExitReason.Intercept,
        VcpuId = (ushort)vcpu,
        Detail = (byte)kind,
        Address = qualification,
        Value = value,
    };

    /// <summary>Makes the intercept exit of an exception or interrupt.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="kind">What was intercepted.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="errorCode">The error code, if there is one.</param>
    /// <param name="qualification">For a page fault the linear address.</param>
    /// <returns>The exit.</returns>
    public static VmExit InterceptedEvent(int vcpu, InterceptKind kind, byte vector, uint? errorCode = null, ulong qualification = 0) => new()
    {
        Reason = VmExitReason.Intercept,
        VcpuId = (ushort)vcpu,
        Detail = (byte)kind,
        Vector = vector,
        HasErrorCode = errorCode is not null,
        Address = qualification,
        Value = errorCode ?? 0,
    };

    /// <summary>Makes an exit that carries nothing but its reason: Hlt, IrqWindowOpen, Shutdown.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="reason">The reason.</param>
    /// <returns>The exit.</returns>
    public static VmExit Plain(int vcpu, VmExitReason reason) => new() { Reason = reason, VcpuId = (ushort)vcpu };

    /// <summary>Makes an <see cref="VmExitReason.Intr"/> exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="cause">What ended the run.</param>
    /// <returns>The exit.</returns>
    public static VmExit Interrupted(int vcpu, InterruptCause cause) =>
        new() { Reason = VmExitReason.Intr, VcpuId = (ushort)vcpu, Detail = (byte)cause };

    /// <summary>Makes a system event exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="type">What the guest asked for.</param>
    /// <returns>The exit.</returns>
    public static VmExit System(int vcpu, SystemEventType type) =>
        new() { Reason = VmExitReason.SystemEvent, VcpuId = (ushort)vcpu, Detail = (byte)type };

    /// <summary>Makes an internal error exit; <c>VirtualCpu.ExitData</c> then holds the instruction's bytes, at most 15.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="kind">What failed.</param>
    /// <returns>The exit.</returns>
    public static VmExit Error(int vcpu, InternalErrorKind kind) =>
        new() { Reason = VmExitReason.InternalError, VcpuId = (ushort)vcpu, Detail = (byte)kind };
}
