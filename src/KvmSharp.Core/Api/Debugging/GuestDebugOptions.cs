namespace KvmSharp;

/// <summary>What a debugger outside the guest wants. Mirrors <c>struct kvm_guest_debug</c>; null members and false are off.</summary>
/// <remarks>The guest notices nothing: its own TF, INT3 and debug registers go on as before, except that INT3 exits when asked.</remarks>
public sealed record GuestDebugOptions
{
    /// <summary>The most hardware breakpoints, as many as a processor has.</summary>
    public const int MaxHardwareBreakpoints = 4;

    /// <summary>Gets a value indicating whether each instruction, REP iteration and delivered event is followed by an exit. KVM_GUESTDBG_SINGLESTEP.</summary>
    public bool SingleStep { get; init; }

    /// <summary>Gets a value indicating whether INT3 (CCh) exits before it is carried out. KVM_GUESTDBG_USE_SW_BP.</summary>
    /// <remarks>For an INT3 of the guest's own, clear this and run one instruction.</remarks>
    public bool SoftwareBreakpoints { get; init; }

    /// <summary>Gets the hardware breakpoints, at most four. KVM_GUESTDBG_USE_HW_BP.</summary>
    /// <remarks>A run that begins at an <see cref="BreakpointKind.Execute"/> breakpoint goes on behind it when the last debug exit was at that place.</remarks>
    public IReadOnlyList<HardwareBreakpoint> HardwareBreakpoints { get; init; } = [];

    /// <summary>Gets further breakpoints, any number and any length; KVM has no such thing. <see cref="VirtualCpu.GuestDebugHit"/> tells which was met.</summary>
    public IReadOnlyList<WatchedRange> Ranges { get; init; } = [];
}
