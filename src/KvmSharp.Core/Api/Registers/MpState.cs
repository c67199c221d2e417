namespace KvmSharp;

/// <summary>What a vCPU is doing. KVM: KVM_GET_MP_STATE, KVM_MP_STATE_*; the numbers are KVM's.</summary>
public enum MpState : byte
{
    /// <summary>It executes instructions.</summary>
    Runnable = 0,

    /// <summary>An application processor that has not been reset by INIT yet.</summary>
    Uninitialized = 1,

    /// <summary>INIT has arrived; it waits for a start-up IPI.</summary>
    InitReceived = 2,

    /// <summary>HLT was executed; an interrupt or NMI makes it go on.</summary>
    Halted = 3,

    /// <summary>A start-up IPI has arrived.</summary>
    SipiReceived = 4,
}
