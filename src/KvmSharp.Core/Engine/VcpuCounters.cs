namespace KvmSharp.Engine;

/// <summary>What a vCPU counts about itself. Written by its own thread only.</summary>
internal sealed class VcpuCounters
{
    private readonly ulong[] _exits = new ulong[64];

    public ulong Interrupts { get; private set; }

    public ulong Exceptions { get; private set; }

    /// <summary>Counts an exit, whether handled in place or returned.</summary>
    /// <param name="reason">Its reason.</param>
    public void Count(VmExitReason reason) => _exits[(int)reason]++;

    /// <summary>Counts an event that goes through the IDT or IVT.</summary>
    /// <param name="kind">Where it comes from.</param>
    public void CountDelivery(Cpu.EventKind kind)
    {
        if (kind == Cpu.EventKind.External)
        {
            Interrupts++;
        }
        else
        {
            Exceptions++;
        }
    }

    public ulong ExitsOf(VmExitReason reason) => _exits[(int)reason];
}
