using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Intercepts;

/// <summary>Chooses, while a block is made, which of its instructions get a watching micro-op in front of them.</summary>
/// <remarks>That is all that intercepts cost when they are off: nothing is asked while the guest runs.</remarks>
internal static unsafe class InstructionIntercepts
{
    /// <summary>Finds the watcher of an instruction.</summary>
    /// <param name="controls">What is intercepted.</param>
    /// <param name="instruction">The instruction.</param>
    /// <returns>The handler of the micro-op in front of it, or null when nobody asked.</returns>
    public static delegate*<CpuContext*, MicroOp*, MicroOp*> Find(InterceptControls controls, in Instruction instruction) =>
        instruction.Mnemonic switch
        {
            Mnemonic.Cpuid when IsOn(controls.Cpuid) => &Watch<WatchedCpuid>,
            Mnemonic.Hlt when IsOn(controls.Hlt) => &Watch<WatchedHlt>,
            Mnemonic.Invlpg when IsOn(controls.Invlpg) => &Watch<WatchedInvlpg>,
            Mnemonic.Rdtsc when IsOn(controls.Rdtsc) => &Watch<WatchedRdtsc>,
            Mnemonic.Rdtscp when IsOn(controls.Rdtsc) => &Watch<WatchedRdtscp>,
            Mnemonic.Rdmsr when IsOn(controls.Rdmsr) => &Watch<WatchedRdmsr>,
            Mnemonic.Wrmsr when IsOn(controls.Wrmsr) => &Watch<WatchedWrmsr>,
            Mnemonic.Clts when IsOn(controls.Cr0Write) => &Watch<WatchedClts>,
            Mnemonic.Lmsw when IsOn(controls.Cr0Write) => &Watch<WatchedLmsw>,
            Mnemonic.Smsw when IsOn(controls.Cr0Read) => &Watch<WatchedSmsw>,
            Mnemonic.Int when IsOn(controls.SoftwareInterrupt) => &Watch<WatchedInterrupt>,
            Mnemonic.Int3 when IsOn(controls.OfException((byte)Vector.Breakpoint)) => &Watch<WatchedBreakpoint>,
            Mnemonic.Into when IsOn(controls.OfException((byte)Vector.Overflow)) => &Watch<WatchedOverflow>,
            Mnemonic.Int1 when IsOn(controls.OfException((byte)Vector.Debug)) => &Watch<WatchedDebugTrap>,
            Mnemonic.Mov => FindMove(controls, instruction.Op0Register, instruction.Op1Register),
            _ => null,
        };

    private static delegate*<CpuContext*, MicroOp*, MicroOp*> FindMove(InterceptControls controls, Register target, Register source)
    {
        if (target.IsCR() && IsOn(controls.OfControlRegister(target.GetNumber(), ExitDirection.Write)))
        {
            return &Watch<WatchedControlRegisterWrite>;
        }

        if (source.IsCR() && IsOn(controls.OfControlRegister(source.GetNumber(), ExitDirection.Read)))
        {
            return &Watch<WatchedControlRegisterRead>;
        }

        if (target.IsDR() && IsOn(controls.DebugRegisterWrite))
        {
            return &Watch<WatchedDebugRegisterWrite>;
        }

        return source.IsDR() && IsOn(controls.DebugRegisterRead) ? &Watch<WatchedDebugRegisterRead> : null;
    }

    private static bool IsOn(InterceptMode mode) => mode != InterceptMode.Off;

    // The watcher stands for the instruction behind it: that is where a stop, a count or a fault belongs.
    private static MicroOp* Watch<TInstruction>(CpuContext* cpu, MicroOp* op)
        where TInstruction : struct, IWatchedInstruction
    {
        cpu->CurrentOp = op + 1;
        return TInstruction.TryPass(cpu, op) ? op + 1 : null;
    }
}

/// <summary>One instruction that can be intercepted.</summary>
internal unsafe interface IWatchedInstruction
{
    /// <summary>Asks whether the instruction may happen. One that will fault for its privilege, or #UD, may: the fault comes first.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The watcher, whose operands are the instruction's.</param>
    /// <returns>Whether it may.</returns>
    static abstract bool TryPass(CpuContext* cpu, MicroOp* op);
}
