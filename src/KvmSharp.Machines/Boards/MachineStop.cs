namespace KvmSharp.Machines;

/// <summary>Why a machine stopped running.</summary>
public sealed record MachineStop
{
    /// <summary>Gets the reason; it decides which other members mean anything.</summary>
    public required MachineStopReason Reason { get; init; }

    /// <summary>Gets the status of <see cref="MachineStopReason.DebugExit"/>: <c>(v &lt;&lt; 1) | 1</c> for a guest that wrote v.</summary>
    public int DebugExitStatus { get; init; }

    /// <summary>Gets the sentence of <see cref="MachineStopReason.NothingToBoot"/>.</summary>
    public string? Explanation { get; init; }

    /// <summary>Gets the access of <see cref="MachineStopReason.UnmappedAccess"/>.</summary>
    public UnmappedAccess Unmapped { get; init; }

    /// <summary>Gets where and on what <see cref="MachineStopReason.Unsupported"/> happened.</summary>
    public UnsupportedInstruction? Unsupported { get; init; }

    /// <summary>Gets the exits of <see cref="MachineStopReason.Debug"/>: several when processors that run at the same time met something each.</summary>
    public IReadOnlyList<VmExit> DebugExits { get; init; } = [];

    /// <summary>Gets a value indicating whether a further run goes on as if nothing had been.</summary>
    internal bool IsPause => Reason is MachineStopReason.Budget or MachineStopReason.Cancelled or MachineStopReason.Debug;
}

/// <summary>The ways in which a machine stops.</summary>
public enum MachineStopReason
{
    /// <summary>The guest switched the power off.</summary>
    PowerOff,

    /// <summary>The guest executed HLT and nothing can wake it.</summary>
    Halted,

    /// <summary>The firmware found nothing to boot; <see cref="MachineStop.Explanation"/> says what it looked for.</summary>
    NothingToBoot,

    /// <summary>The guest asked for a reset, and <see cref="PcOptions.NoReboot"/> is set.</summary>
    Reset,

    /// <summary>A fault while the guest's double-fault handler was called.</summary>
    TripleFault,

    /// <summary>The instruction budget of the run is used up, or its virtual time; a further run goes on.</summary>
    Budget,

    /// <summary><see cref="PcMachine.RequestStop"/> was called; a further run goes on.</summary>
    Requested,

    /// <summary>The cancellation token was cancelled; a further run goes on.</summary>
    Cancelled,

    /// <summary>The guest wrote to the debug-exit port.</summary>
    DebugExit,

    /// <summary>The guest needs something that is not emulated.</summary>
    Unsupported,

    /// <summary>The guest accessed a port or an address without a device, and <see cref="PcOptions.StopOnUnmapped"/> is set.</summary>
    UnmappedAccess,

    /// <summary>What <see cref="VirtualCpu.SetGuestDebug"/> asked for has come; a further run goes on.</summary>
    Debug,

    /// <summary>The debugger has ended the guest.</summary>
    Killed,
}

/// <summary>An instruction that could not be carried out.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Bytes">The instruction's bytes, as far as they can be read; at most 15.</param>
/// <param name="CodeSegment">CS.</param>
/// <param name="InstructionPointer">EIP: the distance in bytes from the start of the code segment.</param>
/// <param name="CodeBits">How the bytes are decoded: 16, 32 or 64.</param>
public sealed record UnsupportedInstruction(
    InternalErrorKind Kind, ReadOnlyMemory<byte> Bytes, ushort CodeSegment, ulong InstructionPointer, int CodeBits);
