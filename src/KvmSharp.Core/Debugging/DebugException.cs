using KvmSharp.Cpu;

namespace KvmSharp.Debugging;

/// <summary>What #DB leaves in the debug registers. Intel SDM Vol. 3B, "Debug Status Register (DR6)" and "Debug Control Register (DR7)".</summary>
internal static unsafe class DebugException
{
    private const ulong BreakpointBits = 0xF; // B0 to B3: of this exception alone; the other bits stay until software clears them

    /// <summary>Notes the causes. GD is cleared so that the handler gets at the registers.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="status">Bits for DR6.</param>
    public static void Enter(CpuContext* cpu, ulong status)
    {
        cpu->State.Dr6 = (cpu->State.Dr6 & ~BreakpointBits) | status;
        cpu->State.Dr7 &= ~DebugControl.GeneralDetect;
    }
}
