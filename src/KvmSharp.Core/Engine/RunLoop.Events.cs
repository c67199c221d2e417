using KvmSharp.Cpu;
using KvmSharp.Debugging;
using KvmSharp.Events;
using KvmSharp.Intercepts;

namespace KvmSharp.Engine;

/// <summary>Events between two instructions: breakpoints, traps, and the delivery of all of them.</summary>
internal sealed unsafe partial class RunLoop
{
    private static PendingEvent DebugEvent => new() { Valid = 1, Vector = (byte)Vector.Debug, Kind = EventKind.Exception };

    // An instruction breakpoint: the embedder is told, the guest takes #DB with RF as it is, so that its handler decides over going on.
    // RF passes the guest's breakpoints, and so does a load of SS by the instruction before.
    private bool TryBreak(out bool isGuests, out VmExit exit)
    {
        isGuests = false;
        if (_engine.Debugger.TryStopBefore(Retired, out exit))
        {
            return true;
        }

        uint status = _engine.Breakpoints.MatchCode(_cpu->LinearOfCode(_cpu->State.Rip), hosts: false);
        isGuests = status != 0 && (_cpu->State.Rflags & Rflags.Resume) == 0 && _cpu->State.Events.MovSsShadow == 0;
        if (isGuests)
        {
            DebugException.Enter(_cpu, status);
        }

        return isGuests;
    }

    // A trap is delivered before anything else that could come between two instructions, and counts one like any event.
    private bool TryTrap(out VmExit exit)
    {
        DebugException.Enter(_cpu, _cpu->State.Events.PendingDebugTrap);
        _cpu->State.Events.PendingDebugTrap = 0;
        _cpu->State.Events.MpState = MpState.Runnable;
        return TryDeliver(DebugEvent, out exit);
    }

    /// <summary>Delivers an event; faults met on the way become double faults and at last a shutdown. A delivery counts one instruction.</summary>
    private bool TryDeliver(PendingEvent pending, out VmExit exit, bool resumed = false)
    {
        exit = default;
        InterceptGate intercepts = _engine.Intercepts;
        IVcpuObserver? observer = _vm.Observer;
        _cpu->LinkPlace = null; // the handler does not follow the block that ran last
        while (true)
        {
            _cpu->State.Events.Delivering = pending;
            _cpu->Stop = StopReason.Lookup;
            if (observer is not null && !resumed)
            {
                observer.OnEvent(Observe(pending));
            }

            if (intercepts.WatchesEvents && !resumed && !intercepts.TryPassEvent(pending))
            {
                exit = _exit;
                return false;
            }

            resumed = false;
            if (EventDelivery.TryDeliver(_cpu, pending, _cpu->State.Rip))
            {
                _cpu->State.Events.Delivering = default;
                _engine.Breakpoints.DropHits();
                _engine.Statistics.CountDelivery(pending.Kind);
                _engine.Devices.Forget();
                if (_cpu->Remaining == 0)
                {
                    _cpu->RetiredAtEnd++;
                }
                else
                {
                    _cpu->Remaining--;
                }

                _vm.EventObserver?.OnEvent(
                    _engine.Id,
                    pending.Vector,
                    pending.Kind == EventKind.External,
                    pending.HasErrorCode != 0 ? pending.ErrorCode : null,
                    Retired);
                return true;
            }

            if (_cpu->Stop == StopReason.Exit)
            {
                exit = _engine.Devices.IsUnfinished ? _engine.Devices.Exit : _exit;
                return false;
            }

            _engine.Devices.Forget();
            CombinedEvent combined = EventCombination.Combine(pending, _cpu->Fault);
            pending = combined == CombinedEvent.DoubleFault ? EventCombination.MakeDoubleFault() : _cpu->Fault;
            if (combined == CombinedEvent.Shutdown)
            {
                _cpu->State.Events.Delivering = default;
                _engine.Statistics.Count(VmExitReason.Shutdown);
                exit = VmExit.Plain(_engine.Id, VmExitReason.Shutdown);
                return false;
            }
        }
    }

    private ObservedEvent Observe(in PendingEvent pending) => new()
    {
        VcpuId = _engine.Id,
        Position = _engine.Position,
        Kind = pending.Kind switch
        {
            EventKind.External => ObservedEventKind.ExternalInterrupt,
            EventKind.Exception => ObservedEventKind.Exception,
            EventKind.SoftwareInterrupt => ObservedEventKind.SoftwareInterrupt,
            _ => ObservedEventKind.SoftwareException,
        },
        Vector = pending.Vector,
        ErrorCode = pending.HasErrorCode != 0 ? pending.ErrorCode : null,
        Address = pending.Kind == EventKind.Exception && pending.Vector == (byte)Vector.PageFault ? _cpu->State.Cr2 : 0,
    };
}
