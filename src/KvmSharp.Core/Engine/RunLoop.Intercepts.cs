using KvmSharp.Cpu;
using KvmSharp.Intercepts;
using KvmSharp.Operations;

namespace KvmSharp.Engine;

/// <summary>Intercept exits: offered to the handler between two instructions, and let go on the next run.</summary>
internal sealed unsafe partial class RunLoop
{
    /// <summary>Gets a value indicating whether the exit handler looks at an intercept: the registers are exact and may be set.</summary>
    public bool IsOffering { get; private set; }

    // An intercept exit comes between two instructions, so its handler may use the vCPU like a caller of Run.
    private VmExit RunOffering()
    {
        VmExit exit = Loop();
        while (exit.Reason == VmExitReason.Intercept && _vm.OfferedHandler is { } handler && TryOffer(handler, exit))
        {
            exit = Loop();
        }

        return exit;
    }

    private bool TryOffer(IExitHandler handler, in VmExit exit)
    {
        StoreFlags();
        _engine.Requests.LeaveGuest();
        IsOffering = true;
        try
        {
            return handler.TryHandle(exit, default);
        }
        finally
        {
            IsOffering = false;
            _cpu->Flags = ArithmeticFlags.FromRflags(_cpu->State.Rflags);
            _cpu->LinkPlace = null;
            _engine.UpdateMode();
            _engine.Requests.EnterGuest();
        }
    }

    // What an intercept exit held back happens first, unless the embedder has gone elsewhere; but requests and the budget come before it.
    private bool TryRelease(out VmExit exit)
    {
        InterceptGate held = _engine.Intercepts;
        if (held.TryTakeUnreported(out exit))
        {
            return false;
        }

        if (!held.StillApplies)
        {
            held.Drop();
            return TryFinish(alone: false, out exit);
        }

        if ((_cpu->Pending != 0 || _engine.Requests.ImmediateExit) && _events.TryServe(out exit))
        {
            return false;
        }

        long slice = Slice();
        if (slice == 0)
        {
            exit = VmExit.Interrupted(_engine.Id, InterruptCause.Budget);
            return false;
        }

        held.Release();
        _engine.Devices.BeginReplay();
        PendingEvent delivering = _cpu->State.Events.Delivering;
        return delivering.Valid != 0 ? TryDeliver(delivering, out exit, resumed: true) : TryExecute(step: true, slice, out exit, finishing: true);
    }
}
