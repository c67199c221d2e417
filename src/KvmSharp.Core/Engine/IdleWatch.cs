using KvmSharp.Apic;

namespace KvmSharp.Engine;

/// <summary>Tells when every vCPU of a machine waits for another one, so that none will ever run again.</summary>
/// <remarks>
/// A vCPU is stuck when it is halted with interrupts off, or waits for a start-up IPI: only an IPI helps, and stuck vCPUs send none.
/// A request that is still to be looked at counts as life, so one that is sent just now is not overlooked.
/// </remarks>
/// <param name="engines">Gives the vCPUs of the machine.</param>
internal sealed unsafe class IdleWatch(Func<VcpuEngine[]> engines)
{
    private readonly Lock _gate = new();

    /// <summary>Notes that a vCPU is about to wait for others.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <returns><see langword="false"/> when all others are stuck too, so that it would wait for ever.</returns>
    public bool TryEnter(VcpuEngine engine)
    {
        lock (_gate)
        {
            engine.IsStuck = true;
            foreach (VcpuEngine other in engines())
            {
                if (other.Cpu->Pending != 0 || (!other.IsStuck && !IsParked(other)))
                {
                    return true;
                }
            }

            engine.IsStuck = false;
            return false;
        }
    }

    /// <summary>Serves INIT and start-up: between taking the request and the new state nobody may judge the vCPU.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <param name="apic">Its APIC.</param>
    public void Serve(VcpuEngine engine, LocalApic apic)
    {
        lock (_gate)
        {
            engine.Requests.Clear(PendingWork.Startup);
            apic.Startup.Serve(apic);
        }
    }

    // Also a vCPU that nobody has run yet.
    private static bool IsParked(VcpuEngine engine) => engine.Cpu->State.Events.MpState is MpState.Uninitialized or MpState.InitReceived;
}
