namespace KvmSharp.Machines;

/// <summary>What a machine tells while it runs. All members are called on the vCPU's thread.</summary>
public interface IMachineTrace
{
    /// <summary>Gets which of the members are to be called; asked once, when the machine is built.</summary>
    TraceKinds Kinds { get; }

    /// <summary>Called for each exit after it was handled.</summary>
    /// <param name="vmExit">The exit.</param>
    /// <param name="data">For port, MMIO and MSR exits what was moved.</param>
    void OnExit(in VmExit vmExit, ReadOnlySpan<byte> data);

    /// <summary>Called before each instruction; the machine then runs one at a time.</summary>
    /// <param name="vcpu">The vCPU, stopped.</param>
    /// <param name="memory">Guest memory.</param>
    void OnInstruction(VirtualCpu vcpu, IGuestMemory memory);

    /// <summary>Called when the vCPU has delivered an interrupt or exception to the guest.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="isExternal"><see langword="true"/> for interrupts and NMIs, <see langword="false"/> for exceptions.</param>
    /// <param name="errorCode">The error code, when the exception has one.</param>
    void OnInterrupt(byte vector, bool isExternal, uint? errorCode);

    /// <summary>Called for the first access to each port and page at which no device answers.</summary>
    /// <param name="access">The access.</param>
    void OnUnmapped(in UnmappedAccess access);
}

/// <summary>Kinds of event that a trace can hold.</summary>
[Flags]
public enum TraceKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Exits.</summary>
    Exits = 1,

    /// <summary>Every instruction, before it is executed.</summary>
    Instructions = 2,

    /// <summary>Interrupts and exceptions.</summary>
    Interrupts = 4,

    /// <summary>The first access to each port and page without a device.</summary>
    Unmapped = 8,
}
