namespace KvmSharp;

/// <summary>One exit from guest code, complete: a value, so leaving the guest allocates nothing. Mirrors <c>struct kvm_run</c>.</summary>
/// <remarks>
/// A port, MMIO or MSR exit leaves the instruction unfinished: after a read, give <c>VirtualCpu.ExitData</c> the answer; the next
/// <c>Run</c> (or <c>CompletePendingExit</c>) finishes the instruction.
/// </remarks>
public readonly record struct VmExit
{
    /// <summary>Gets the reason; it decides which other members mean anything.</summary>
    public VmExitReason Reason { get; private init; }

    /// <summary>Gets the direction of a port, MMIO or MSR access.</summary>
    public ExitDirection Direction { get; private init; }

    /// <summary>Gets the access width in bytes: 1, 2 or 4 for ports, 1 to 8 for MMIO, 8 for MSRs; else 0.</summary>
    public byte Width { get; private init; }

    /// <summary>Gets the cause of an <see cref="VmExitReason.Intr"/> exit.</summary>
    public InterruptCause InterruptCause { get; private init; }

    /// <summary>Gets the kind of a <see cref="VmExitReason.SystemEvent"/> exit.</summary>
    public SystemEventType SystemEvent { get; private init; }

    /// <summary>Gets the kind of an <see cref="VmExitReason.InternalError"/> exit.</summary>
    public InternalErrorKind InternalError { get; private init; }

    /// <summary>Gets the vCPU that left, by the id it was created with.</summary>
    public ushort VcpuId { get; private init; }

    /// <summary>Gets the port of an <see cref="VmExitReason.Io"/> exit.</summary>
    public ushort Port => (ushort)Address;

    /// <summary>Gets how many items of <see cref="Width"/> bytes a port access moves: above 1 only for INS and OUTS with REP.</summary>
    public int Count { get; private init; }

    /// <summary>Gets the port, the guest-physical address of an MMIO access, or the number of an MSR.</summary>
    public ulong Address { get; private init; }

    /// <summary>Gets what the guest wrote (a port, MMIO or MSR write of one item), in the low <see cref="Width"/> bytes; else 0.</summary>
    public ulong Value { get; private init; }

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
    /// <returns>The exit.</returns>
    public static VmExit Msr(int vcpu, ExitDirection direction, uint index, ulong value) => new()
    {
        Reason = direction == ExitDirection.Read ? VmExitReason.Rdmsr : VmExitReason.Wrmsr,
        VcpuId = (ushort)vcpu,
        Direction = direction,
        Address = index,
        Width = sizeof(ulong),
        Count = 1,
        Value = value,
    };

    /// <summary>Makes an exit that carries nothing but its reason: Hlt, IrqWindowOpen, Shutdown, Debug.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="reason">The reason.</param>
    /// <returns>The exit.</returns>
    public static VmExit Plain(int vcpu, VmExitReason reason) => new() { Reason = reason, VcpuId = (ushort)vcpu };

    /// <summary>Makes an <see cref="VmExitReason.Intr"/> exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="cause">What ended the run.</param>
    /// <returns>The exit.</returns>
    public static VmExit Interrupted(int vcpu, InterruptCause cause) =>
        new() { Reason = VmExitReason.Intr, VcpuId = (ushort)vcpu, InterruptCause = cause };

    /// <summary>Makes a system event exit.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="type">What the guest asked for.</param>
    /// <returns>The exit.</returns>
    public static VmExit System(int vcpu, SystemEventType type) =>
        new() { Reason = VmExitReason.SystemEvent, VcpuId = (ushort)vcpu, SystemEvent = type };

    /// <summary>Makes an internal error exit; <c>VirtualCpu.ExitData</c> then holds the instruction's bytes, at most 15.</summary>
    /// <param name="vcpu">The vCPU's id.</param>
    /// <param name="kind">What failed.</param>
    /// <returns>The exit.</returns>
    public static VmExit Error(int vcpu, InternalErrorKind kind) =>
        new() { Reason = VmExitReason.InternalError, VcpuId = (ushort)vcpu, InternalError = kind };
}
