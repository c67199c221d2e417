namespace KvmSharp.Machines;

/// <summary>Decides what an exit that no device answered means for the machine: an end, or nothing.</summary>
/// <param name="machine">The machine.</param>
/// <param name="cancellation">The token of the run.</param>
internal sealed class ExitVerdicts(PcMachine machine, CancellationToken cancellation)
{
    /// <summary>Makes a stop that is told by its reason alone.</summary>
    /// <param name="reason">The reason.</param>
    public static MachineStop Stop(MachineStopReason reason) => new() { Reason = reason };

    /// <summary>Judges an exit.</summary>
    /// <param name="vcpu">Whose it is.</param>
    /// <param name="vmExit">The exit.</param>
    /// <returns>The stop, or <see langword="null"/> when the guest goes on.</returns>
    public MachineStop? Judge(VirtualCpu vcpu, in VmExit vmExit)
    {
        // What the dispatcher was offered has been told; what the embedder of the vCPU asked for is no event of the guest.
        if (vmExit.Reason is VmExitReason.Hlt or VmExitReason.Shutdown or VmExitReason.SystemEvent or VmExitReason.InternalError)
        {
            ExitTrace.Tell(machine.Trace, vmExit, []);
        }

        return Decide(vcpu, vmExit);
    }

    private MachineStop? Decide(VirtualCpu vcpu, in VmExit vmExit) => vmExit.Reason switch
    {
        VmExitReason.SystemEvent => machine.TakeRequest(), // null when another processor's exit has brought it already
        VmExitReason.Hlt => machine.WaitForInput(cancellation) ? null
            : Stop(cancellation.IsCancellationRequested ? MachineStopReason.Cancelled : MachineStopReason.Halted),
        VmExitReason.Shutdown => Stop(MachineStopReason.TripleFault),
        VmExitReason.Intr when vmExit.InterruptCause == InterruptCause.Cancellation => Stop(MachineStopReason.Cancelled),
        VmExitReason.Intr => null, // a spent budget is seen before the next run; a kick only makes the loop turn
        VmExitReason.Debug => new MachineStop { Reason = MachineStopReason.Debug, DebugExits = [vmExit] },
        VmExitReason.Io or VmExitReason.Mmio when machine.StoppedAt is { } access =>
            new MachineStop { Reason = MachineStopReason.UnmappedAccess, Unmapped = access },
        _ => Unsupported(vcpu, vmExit),
    };

    private static MachineStop Unsupported(VirtualCpu vcpu, in VmExit vmExit)
    {
        SegmentRegister cs = vcpu.GetSpecialRegisters().Cs;
        byte[] bytes = vmExit.Reason == VmExitReason.InternalError ? vcpu.ExitData.ToArray() : [];
        int bits = cs.LongMode ? 64 : cs.DefaultBig ? 32 : 16;
        return Stop(MachineStopReason.Unsupported) with
        {
            Unsupported = new UnsupportedInstruction(vmExit.InternalError, bytes, cs.Selector, vcpu.GetRegisters().Rip, bits),
        };
    }
}
