namespace KvmSharp.Engine;

/// <summary>Bits of <c>CpuContext.Pending</c>: what the run loop must look at before it goes on.</summary>
[Flags]
internal enum PendingWork
{
    None = 0,

    /// <summary>INTR is asserted, or the embedder injected an interrupt.</summary>
    Interrupt = 1 << 0,

    /// <summary>An NMI waits.</summary>
    Nmi = 1 << 1,

    /// <summary>Kick, ImmediateExit or a cancelled token.</summary>
    Leave = 1 << 2,

    /// <summary>Flush the TLB because memory slots, A20 or dirty logging changed.</summary>
    FlushTlb = 1 << 3,

    /// <summary>Code pages were written by someone else.</summary>
    InvalidateCode = 1 << 4,

    /// <summary>A deadline of the instruction clock moved.</summary>
    Deadline = 1 << 5,

    /// <summary>The board asked for a system event: power-off or reset.</summary>
    SystemEvent = 1 << 6,

    /// <summary>The next instruction runs alone: interrupt shadow, TF, RF or an unfinished access.</summary>
    Step = 1 << 7,

    /// <summary>The embedder wants to know when an interrupt could be taken.</summary>
    InterruptWindow = 1 << 8,

    /// <summary>The deadline of the local APIC's timer has come.</summary>
    ApicTimer = 1 << 9,

    /// <summary>INIT or a start-up IPI waits.</summary>
    Startup = 1 << 10,

    /// <summary>Another vCPU wants the guest for itself for a moment: see <see cref="ExclusiveSection"/>.</summary>
    GiveWay = 1 << 11,

    /// <summary>A region has been compiled.</summary>
    Translation = 1 << 12,
}
