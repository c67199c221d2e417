using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Intercepts;

/// <summary>What one vCPU intercepts, and the instruction or event that an exit is holding back.</summary>
/// <remarks>
/// Instructions come here through a micro-op of their own in front of them, which exists only where a control asks for it (see
/// <see cref="InstructionIntercepts"/>); events come from the run loop. An exit leaves the vCPU between two instructions with all
/// registers exact. What was held then happens first on the next run. Since an instruction may have to start again for other reasons
/// (a device access), what it has been counted and stopped for is kept until it retires.
/// </remarks>
internal sealed unsafe class InterceptGate(VcpuEngine engine)
{
    private readonly CpuContext* _cpu = engine.Cpu;
    private ulong _owner = ulong.MaxValue;
    private uint _passed;
    private bool _holdsInstruction;
    private ulong _rip;
    private byte _length;
    private VmExit _exit;
    private bool _unreported;
    private ulong _faultedAt = ulong.MaxValue;
    private OneShot _oneShot;

    public InterceptControls Controls { get; private set; } = InterceptControls.None;

    /// <summary>Gets a value indicating whether any delivery needs a look.</summary>
    public bool WatchesEvents { get; private set; }

    /// <summary>Gets a value indicating whether something is held back by the last exit.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Gets a value indicating whether what is held is still to happen: the embedder has not gone elsewhere meanwhile.</summary>
    public bool StillApplies
    {
        get
        {
            bool delivering = _cpu->State.Events.Delivering.Valid != 0;
            return _holdsInstruction ? !delivering && _cpu->State.Rip == _rip : delivering;
        }
    }

    /// <summary>Sets the controls. Decoded code was made for the old ones, so it is dropped; not while a block runs.</summary>
    /// <param name="controls">The controls.</param>
    public void Set(InterceptControls controls)
    {
        if (controls != Controls)
        {
            Controls = controls == InterceptControls.None ? InterceptControls.None : controls;
            engine.Statistics.Intercepted = controls;
            engine.Code.Clear();
            Refresh();
        }
    }

    /// <summary>Finds out anew whether deliveries need a look.</summary>
    public void Refresh() => WatchesEvents = engine.ShadowPaging is not null
        || (Controls.ExceptionExits | Controls.ExceptionCounts) != 0
        || Controls.ExternalInterrupt != InterceptMode.Off
        || Controls.Nmi != InterceptMode.Off;

    /// <summary>Counts what is about to happen inside an instruction, or a task switch, and stops it if that is asked.</summary>
    /// <param name="mode">What is asked.</param>
    /// <param name="exit">The exit it would be.</param>
    /// <returns>Whether it may happen; else the context's stop reason is an exit.</returns>
    public bool TryPass(InterceptMode mode, in VmExit exit)
    {
        ulong now = engine.RetiredNow;
        if (_owner != now)
        {
            _owner = now;
            _passed = 0;
        }

        uint bit = 1u << (int)exit.Intercept;
        if (mode == InterceptMode.Off || (_passed & bit) != 0)
        {
            return true;
        }

        _passed |= bit;
        return TryPassOnce(mode, exit);
    }

    /// <summary>Counts an exception or interrupt that is about to be delivered for the first time, and holds it if that is asked.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Whether it may be delivered; else the context's stop reason is an exit.</returns>
    public bool TryPassEvent(in PendingEvent e)
    {
        InterceptKind kind = EventIntercepts.KindOf(e);
        if (kind == InterceptKind.PageFault)
        {
            engine.ShadowPaging?.CountPageFault();
        }

        InterceptMode mode = EventIntercepts.ModeOf(Controls, kind, e);
        if (mode == InterceptMode.Off)
        {
            return true;
        }

        ulong address = kind == InterceptKind.PageFault ? _cpu->State.Cr2 : 0;
        uint? errorCode = e.HasErrorCode != 0 ? e.ErrorCode : null;
        if (TryPassOnce(mode, VmExit.InterceptedEvent(engine.Id, kind, e.Vector, errorCode, address)))
        {
            return true;
        }

        if (kind == InterceptKind.PageFault)
        {
            // Intel SDM Vol. 3C, "Architectural State Before a VM Exit": a page fault that exits has not written CR2.
            _cpu->State.Cr2 = _cpu->Cr2BeforeFault;
        }

        return false;
    }

    /// <summary>Notes what held for the one instruction that has just faulted: if its fault is dropped, it holds for its new run.</summary>
    /// <param name="oneShot">What held.</param>
    public void NoteFault(in OneShot oneShot) => (_faultedAt, _oneShot) = (engine.RetiredNow, oneShot);

    /// <summary>What is held may happen now.</summary>
    public void Release()
    {
        IsHeld = false;
        if (_exit.Intercept == InterceptKind.PageFault)
        {
            _cpu->State.Cr2 = _exit.Address;
        }
    }

    /// <summary>Nothing is held any more, and what comes next is a new matter.</summary>
    public void Drop()
    {
        IsHeld = false;
        _unreported = false;
        _owner = ulong.MaxValue;
        engine.Devices.Forget();
    }

    /// <summary>What is held does not happen: an instruction is stepped over as if it had been carried out, an event is dropped.</summary>
    public void Skip()
    {
        ref EventState events = ref _cpu->State.Events;
        if (!_holdsInstruction)
        {
            events.Delivering = default;
            if (_exit.Intercept == InterceptKind.Nmi)
            {
                events.NmiMasked = 0;
            }
            else if (_exit.Intercept is InterceptKind.Exception or InterceptKind.PageFault && _faultedAt == engine.RetiredNow)
            {
                _oneShot.Restore(_cpu);
            }
        }
        else if (StillApplies)
        {
            _cpu->State.Rip = (_rip + _length) & _cpu->LinearMask;
            _cpu->State.Rflags &= ~Rflags.Resume;
            events.StiShadow = 0;
            events.MovSsShadow = 0;
            events.PendingDebugTrap |= (_cpu->State.Rflags & Rflags.Trap) != 0 ? (uint)DebugStatus.SingleStep : 0;
            _cpu->RetiredAtEnd++;
            _cpu->State.InstructionsRetired = engine.RetiredNow;
        }

        Drop();
    }

    /// <summary>The embedder has not seen the exit: it asked only to finish an access.</summary>
    public void Postpone() => _unreported = true;

    /// <summary>Gives the exit that <see cref="Postpone"/> kept.</summary>
    /// <param name="exit">The exit.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryTakeUnreported(out VmExit exit)
    {
        exit = _exit;
        bool unreported = _unreported;
        _unreported = false;
        return unreported;
    }

    private bool TryPassOnce(InterceptMode mode, in VmExit exit)
    {
        engine.Statistics.Count(exit.Intercept);
        if (mode == InterceptMode.Count)
        {
            return true;
        }

        _holdsInstruction = engine.Loop.IsInChain;
        if (_holdsInstruction)
        {
            _rip = (_cpu->State.Rip + _cpu->CurrentOp->Offset) & _cpu->LinearMask;
            _length = _cpu->CurrentOp->Length;
        }

        _exit = exit;
        IsHeld = true;
        engine.Statistics.CountInterceptExit();
        engine.Loop.StopWith(exit);
        return false;
    }
}
