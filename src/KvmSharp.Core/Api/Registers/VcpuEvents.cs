namespace KvmSharp;

/// <summary>Events on their way, and what holds them back. Mirrors <c>struct kvm_vcpu_events</c>.</summary>
public readonly record struct VcpuEvents
{
    /// <summary>Gets the exception or interrupt whose delivery has begun and is not finished; null when there is none.</summary>
    public byte? DeliveringVector { get; init; }

    /// <summary>Gets the error code of <see cref="DeliveringVector"/>, when it has one.</summary>
    public uint? DeliveringErrorCode { get; init; }

    /// <summary>Gets a value indicating whether <see cref="DeliveringVector"/> is an external interrupt or NMI.</summary>
    public bool DeliveringIsExternal { get; init; }

    /// <summary>Gets the injected interrupt that waits; null when there is none.</summary>
    public byte? InjectedInterrupt { get; init; }

    /// <summary>Gets a value indicating whether an NMI waits.</summary>
    public bool NmiPending { get; init; }

    /// <summary>Gets a value indicating whether NMIs are held back until IRET.</summary>
    public bool NmiMasked { get; init; }

    /// <summary>Gets a value indicating whether STI holds interrupts back for one instruction.</summary>
    public bool StiShadow { get; init; }

    /// <summary>Gets a value indicating whether a load of SS holds interrupts and traps back for one instruction.</summary>
    public bool MovSsShadow { get; init; }
}
