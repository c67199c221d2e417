using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>INIT and start-up IPIs that wait until the vCPU stands between two instructions. Intel SDM Vol. 3A, "Multiple-Processor (MP) Initialization".</summary>
/// <param name="engine">The vCPU.</param>
internal sealed unsafe class StartupRequests(VcpuEngine engine)
{
    private const int InitBit = 1 << 8;
    private const int StartupBit = 1 << 9;

    private int _asked; // the two bits above, and the start-up vector in bits 7:0

    /// <summary>Asks for INIT. A start-up that came before it is void. Any thread.</summary>
    public void RaiseInit()
    {
        Volatile.Write(ref _asked, InitBit);
        engine.Requests.Raise(PendingWork.Startup);
    }

    /// <summary>Asks for a start. Any thread.</summary>
    /// <param name="vector">The page below 1 MiB where execution begins.</param>
    public void RaiseStartup(byte vector)
    {
        int before;
        do
        {
            before = Volatile.Read(ref _asked);
        }
        while (Interlocked.CompareExchange(ref _asked, (before & InitBit) | StartupBit | vector, before) != before);
        engine.Requests.Raise(PendingWork.Startup);
    }

    /// <summary>Does what was asked: INIT first. A start-up counts only for a processor that INIT has left waiting.</summary>
    /// <param name="apic">The APIC.</param>
    public void Serve(LocalApic apic)
    {
        int asked = Interlocked.Exchange(ref _asked, 0);
        ref EventState events = ref engine.Cpu->State.Events;
        if ((asked & InitBit) != 0)
        {
            PowerOn.Initialize(engine);
            apic.Reset();
            events.MpState = engine.IsBoot ? MpState.Runnable : MpState.InitReceived;
        }

        if ((asked & StartupBit) != 0 && events.MpState == MpState.InitReceived)
        {
            PowerOn.StartAt(engine, (byte)asked);
            events.MpState = MpState.Runnable;
        }
    }

    /// <summary>Gives what waits.</summary>
    /// <returns>Bits.</returns>
    public uint Save() => (uint)_asked;

    /// <summary>Sets what waits.</summary>
    /// <param name="asked">What <see cref="Save"/> gave.</param>
    public void Load(uint asked)
    {
        Volatile.Write(ref _asked, (int)asked);
        if (asked != 0)
        {
            engine.Requests.Raise(PendingWork.Startup);
        }
    }
}
