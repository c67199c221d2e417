using System.Buffers.Binary;

namespace KvmSharp;

/// <summary>What the embedder controls at and around exits of the guest: intercepts, hypercalls, MSR accesses, counts.</summary>
public sealed unsafe partial class VirtualCpu
{
    /// <summary>Gets or sets what is intercepted on this vCPU. Not while it runs, but in an exit handler at an intercept.</summary>
    /// <remarks>
    /// An <see cref="VmExitReason.Intercept"/> exit comes before the instruction or event: RIP is at the instruction (for an event, where it
    /// will return to), registers are exact and may be set. Then the embedder has three ways:
    /// <list type="bullet">
    /// <item>run on: it happens, exactly once, before anything else, and is not intercepted again;</item>
    /// <item><see cref="SkipIntercept"/>: it does not happen;</item>
    /// <item>at an instruction, set RIP elsewhere: the guest goes on there, and the instruction has not happened.</item>
    /// </list>
    /// An exit handler has the same ways: <see langword="true"/> runs on. Setting controls drops decoded code, so it is not for hot paths.
    /// </remarks>
    /// <exception cref="KvmException">The vCPU runs or has an unfinished access (EBUSY).</exception>
    public InterceptControls Intercepts
    {
        get => _engine.Intercepts.Controls;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            RequireSettled();
            _engine.Intercepts.Set(value);
        }
    }

    /// <summary>Gets a value indicating whether an intercept exit holds back an instruction or event that the next run lets happen.</summary>
    public bool HasHeldIntercept => _engine.Intercepts.IsHeld && _engine.Intercepts.StillApplies;

    /// <summary>Gets or sets a value indicating whether exits that shadow paging would cause are counted, in <see cref="VcpuStatistics.ShadowPaging"/>.</summary>
    /// <remarks>Off, then on again: counting starts at 0.</remarks>
    /// <exception cref="KvmException">The vCPU runs or has an unfinished access (EBUSY).</exception>
    public bool CountShadowPagingExits
    {
        get => _engine.ShadowPaging is not null;
        set
        {
            RequireSettled();
            if (value != CountShadowPagingExits)
            {
                _engine.CountShadowPaging(value);
            }
        }
    }

    /// <summary>Gets or sets a value indicating whether the MSR access that just left fails: the guest gets #GP(0). kvm_run.msr.error.</summary>
    /// <remarks>Clear at each MSR exit. Set it before the next run, or in the exit handler before it returns <see langword="true"/>.</remarks>
    public bool MsrError
    {
        get => _engine.Devices.Error;
        set => _engine.Devices.Error = value;
    }

    /// <summary>Makes what the last intercept exit held back not happen.</summary>
    /// <remarks>
    /// An instruction: RIP moves behind it and it counts as retired; its results are the embedder's to set. With TF set a single-step trap
    /// follows, as it would have. An exception or interrupt is dropped, and with it an event whose delivery met it: a fault comes again
    /// unless its cause is gone; an external interrupt is acknowledged already, so it is lost.
    /// </remarks>
    /// <exception cref="KvmException">Nothing is held (EINVAL), or the vCPU runs (EBUSY).</exception>
    public void SkipIntercept()
    {
        RequireSettled();
        if (!_engine.Intercepts.IsHeld)
        {
            throw KvmException.Invalid("no intercept exit holds anything back");
        }

        _engine.Intercepts.Skip();
    }

    /// <summary>Answers a hypercall exit: RAX of the guest on the next run, its low half outside 64-bit mode. kvm_run.hypercall.ret.</summary>
    /// <param name="result">The result.</param>
    /// <exception cref="KvmException">No hypercall waits (EINVAL).</exception>
    public void CompleteHypercall(ulong result)
    {
        if (PendingExit.Reason != VmExitReason.Hypercall)
        {
            throw KvmException.Invalid("the pending exit is no hypercall");
        }

        BinaryPrimitives.WriteUInt64LittleEndian(ExitData, result);
    }
}
