namespace KvmSharp.Machines.Gdb;

/// <summary>One run of a machine under a stub: it runs, or stands while the client's packets are answered, by turns.</summary>
/// <param name="server">The stub.</param>
/// <param name="target">The machine.</param>
/// <param name="limits">The limits of all of it.</param>
internal sealed class GdbRun(GdbServer server, GdbTarget target, MachineRunOptions limits)
{
    private readonly ulong _start = target.Machine.InstructionsRetired;
    private MachineStop? _fatal; // the guest cannot go on, but can still be looked at

    private PcMachine Machine => target.Machine;

    /// <summary>Runs until the machine stops for good.</summary>
    /// <param name="stands">Whether it begins standing.</param>
    /// <returns>Why it stopped.</returns>
    public MachineStop Carry(bool stands)
    {
        MachineStop? end = null;
        while (end is null)
        {
            if (stands)
            {
                stands = !Serve(out end);
            }
            else
            {
                stands = Run(out end);
            }
        }

        if (end.Reason != MachineStopReason.Killed)
        {
            server.Session?.TellEnd(end);
        }

        return end;
    }

    // Answers packets until the guest goes on; false when it stays as it is, without a client.
    private bool Serve(out MachineStop? end)
    {
        end = null;
        while (server.WaitForPacket(target, out string packet, limits.Cancellation))
        {
            CommandResult result = server.Session!.Answer(packet);
            switch (result.Next)
            {
                case CommandNext.Resume when _fatal is not null:
                    end = _fatal;
                    return false;
                case CommandNext.Resume:
                    target.Prepare(result.Resume!);
                    return !TellUntold();
                case CommandNext.Detach:
                    Leave(retire: true);
                    server.Log?.Invoke("The debugger has detached; the guest goes on.");
                    end = _fatal;
                    return true;
                case CommandNext.Kill:
                    end = new MachineStop { Reason = MachineStopReason.Killed };
                    return false;
            }
        }

        if (limits.Cancellation.IsCancellationRequested)
        {
            end = new MachineStop { Reason = MachineStopReason.Cancelled };
            return false;
        }

        Leave(retire: false);
        server.Log?.Invoke(_fatal is null ? "The debugger has gone without letting the guest go on: it stands until another one comes." : "The debugger has gone.");
        end = _fatal;
        return false;
    }

    // Runs the guest; true when it stands then.
    private bool Run(out MachineStop? end)
    {
        end = null;
        ulong used = Machine.InstructionsRetired - _start;
        ulong left = limits.MaxInstructions == ulong.MaxValue ? ulong.MaxValue : limits.MaxInstructions - Math.Min(used, limits.MaxInstructions);
        MachineStop stop = server.RunGuest(Machine, limits with { MaxInstructions = left, Held = target.Held });
        if (stop.Reason == MachineStopReason.Debug)
        {
            return TellDebug(stop);
        }

        if (stop.Reason == MachineStopReason.Cancelled && !limits.Cancellation.IsCancellationRequested)
        {
            return Attend();
        }

        bool canBeLookedAt = stop.Reason is MachineStopReason.TripleFault or MachineStopReason.Unsupported or MachineStopReason.UnmappedAccess;
        if (!canBeLookedAt || server.Session is not { } session || server.IsSessionClosed)
        {
            end = stop;
            return false;
        }

        _fatal = stop;
        session.Say(Sentence(stop));
        session.TellStop(StopReply.Fatal(session.Current, stop), session.Current);
        return true;
    }

    private static string Sentence(MachineStop stop) => stop.Reason switch
    {
        MachineStopReason.TripleFault => "kvmsharp: the guest met a triple fault: an exception while its double-fault handler was called. It ends when it is let go.\n",
        MachineStopReason.Unsupported => "kvmsharp: the guest needs something that is not emulated. It ends when it is let go.\n",
        _ => $"kvmsharp: the guest made a {stop.Unmapped}, where no device is. It ends when it is let go.\n",
    };

    private bool TellDebug(MachineStop stop)
    {
        if (server.Session is not { } session)
        {
            return false;
        }

        if (target.Choose(stop.DebugExits) is not { } exit)
        {
            return false; // a step within the range that the client wants to leave
        }

        session.TellStop(StopReply.Debug(target, target.Vcpus[exit.VcpuId], session.TellsBreakpoints), exit.VcpuId);
        return true;
    }

    private bool TellUntold()
    {
        bool untold = target.TryTakeUntold(out VmExit exit);
        if (untold)
        {
            server.Session!.TellStop(StopReply.Debug(target, target.Vcpus[exit.VcpuId], server.Session.TellsBreakpoints), exit.VcpuId);
        }

        return untold;
    }

    // The run was paused because of the client: it has come, or gone, or wants the guest to stop.
    private bool Attend()
    {
        if (server.IsSessionClosed)
        {
            Leave(retire: false);
            server.Log?.Invoke("The debugger has gone; the guest goes on.");
            return false;
        }

        if (server.TryTakeInterrupt())
        {
            GdbSession session = server.Session!;
            session.TellStop(StopReply.Plain(session.Current, interrupted: true), session.Current);
            return true;
        }

        return server.TryBeginSession(target);
    }

    private void Leave(bool retire)
    {
        server.Forget(retire);
        target.Clear();
    }
}
