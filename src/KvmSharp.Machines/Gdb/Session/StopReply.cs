namespace KvmSharp.Machines.Gdb;

/// <summary>Why the guest stands still, as the protocol tells it. GDB manual, "Stop Reply Packets".</summary>
internal static class StopReply
{
    private const string Trap = "05";
    private const string Interrupt = "02";

    /// <summary>Makes the number of a thread from that of its processor: threads count from 1.</summary>
    public static string ThreadOf(int vcpu) => HexText.OfNumber((ulong)vcpu + 1);

    /// <summary>The client has stopped the guest, or has just come.</summary>
    /// <param name="vcpu">The processor to look at first.</param>
    /// <param name="interrupted">Whether it was by an interrupt byte.</param>
    public static string Plain(int vcpu, bool interrupted) => $"T{(interrupted ? Interrupt : Trap)}thread:{ThreadOf(vcpu)};";

    /// <summary>A step is done, or a breakpoint met.</summary>
    /// <param name="target">The machine.</param>
    /// <param name="vcpu">The processor.</param>
    /// <param name="tellsBreakpoints">Whether the client knows swbreak and hwbreak.</param>
    public static string Debug(GdbTarget target, VirtualCpu vcpu, bool tellsBreakpoints)
    {
        string reason = vcpu.GuestDebugHit is { } hit ? ReasonOf(target, vcpu, hit, tellsBreakpoints) : string.Empty;
        return $"T{Trap}thread:{ThreadOf(vcpu.Id)};{reason}";
    }

    /// <summary>The guest cannot go on; it can still be looked at.</summary>
    /// <param name="vcpu">The processor to look at first.</param>
    /// <param name="stop">Why.</param>
    /// <returns>The packet: a triple fault is a segmentation fault, what is not emulated an illegal instruction, the rest a bus error.</returns>
    public static string Fatal(int vcpu, MachineStop stop)
    {
        string signal = stop.Reason switch
        {
            MachineStopReason.TripleFault => "0b",
            MachineStopReason.Unsupported => "04",
            _ => "0a",
        };
        return $"T{signal}thread:{ThreadOf(vcpu)};";
    }

    /// <summary>The guest has ended: with a status, or by a signal when something outside of it ended it.</summary>
    public static string End(MachineStop stop) => stop.Reason switch
    {
        MachineStopReason.DebugExit => $"W{HexText.OfBytes([(byte)stop.DebugExitStatus])}",
        MachineStopReason.Budget => "X18", // SIGXCPU
        MachineStopReason.Cancelled => "X0f", // SIGTERM
        MachineStopReason.TripleFault => "X0b",
        MachineStopReason.Unsupported => "X04",
        MachineStopReason.UnmappedAccess => "X0a",
        MachineStopReason.NothingToBoot => "W01",
        _ => "W00",
    };

    // A breakpoint is told as one only where the instruction pointer is its address: with a segment base between them gdb would not know
    // it again, and pass over what it takes for a late report.
    private static string ReasonOf(GdbTarget target, VirtualCpu vcpu, WatchedRange hit, bool tellsBreakpoints)
    {
        if (hit.Accesses != WatchedAccess.Execute)
        {
            return target.FindWatchpoint(hit) switch
            {
                { Type: BreakpointType.Write, Address: var address } => $"watch:{HexText.OfNumber(address)};",
                { Type: BreakpointType.Read, Address: var address } => $"rwatch:{HexText.OfNumber(address)};",
                { Address: var address } => $"awatch:{HexText.OfNumber(address)};",
                null => string.Empty,
            };
        }

        return !tellsBreakpoints || vcpu.GetRegisters().Rip != hit.Address ? string.Empty
            : target.Has(BreakpointType.Software, hit.Address) ? "swbreak:;"
            : "hwbreak:;";
    }
}
