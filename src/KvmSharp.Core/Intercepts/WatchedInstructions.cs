using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.Intercepts;

/// <summary>CPUID: at any privilege.</summary>
internal readonly unsafe struct WatchedCpuid : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => Watched.TryPass(cpu, InterceptKind.Cpuid, cpu->Engine.Intercepts.Controls.Cpuid);
}

/// <summary>HLT.</summary>
internal readonly unsafe struct WatchedHlt : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) =>
        cpu->Cpl != 0 || Watched.TryPass(cpu, InterceptKind.Hlt, cpu->Engine.Intercepts.Controls.Hlt);
}

/// <summary>INVLPG.</summary>
internal readonly unsafe struct WatchedInvlpg : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op)
    {
        ulong linear = (cpu->Views[op->Segment].Base + Operands.EffectiveAddress(cpu, op)) & cpu->LinearMask;
        return cpu->Cpl != 0 || Watched.TryPass(cpu, InterceptKind.Invlpg, cpu->Engine.Intercepts.Controls.Invlpg, linear);
    }
}

/// <summary>RDTSC: at any privilege unless CR4.TSD forbids it.</summary>
internal readonly unsafe struct WatchedRdtsc : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) =>
        !Watched.MayReadTimeStamp(cpu) || Watched.TryPass(cpu, InterceptKind.Rdtsc, cpu->Engine.Intercepts.Controls.Rdtsc);
}

/// <summary>RDTSCP: as RDTSC.</summary>
internal readonly unsafe struct WatchedRdtscp : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) =>
        !Watched.MayReadTimeStamp(cpu) || Watched.TryPass(cpu, InterceptKind.Rdtscp, cpu->Engine.Intercepts.Controls.Rdtsc);
}

/// <summary>RDMSR.</summary>
internal readonly unsafe struct WatchedRdmsr : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) =>
        cpu->Cpl != 0 || Watched.TryPass(cpu, InterceptKind.Rdmsr, cpu->Engine.Intercepts.Controls.Rdmsr, Watched.MsrIndex(cpu));
}

/// <summary>WRMSR.</summary>
internal readonly unsafe struct WatchedWrmsr : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op)
    {
        ulong high = (uint)cpu->State.General[GeneralRegisterFile.Rdx];
        ulong value = (high << 32) | (uint)cpu->State.General[GeneralRegisterFile.Rax];
        return cpu->Cpl != 0 || Watched.TryPass(cpu, InterceptKind.Wrmsr, cpu->Engine.Intercepts.Controls.Wrmsr, Watched.MsrIndex(cpu), value);
    }
}

/// <summary>INT n: where virtual-8086 mode lets it.</summary>
internal readonly unsafe struct WatchedInterrupt : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op)
    {
        bool faults = ProcessorMode.IsVirtual8086(cpu) && ProcessorMode.Iopl(cpu) != 3;
        return faults || Watched.TryPassVector(
            cpu, InterceptKind.SoftwareInterrupt, cpu->Engine.Intercepts.Controls.SoftwareInterrupt, (byte)op->Immediate);
    }
}

/// <summary>INT3: an exception to the bitmap.</summary>
internal readonly unsafe struct WatchedBreakpoint : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => Watched.TryPassException(cpu, Vector.Breakpoint);
}

/// <summary>INTO: an exception to the bitmap, when OF is set.</summary>
internal readonly unsafe struct WatchedOverflow : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => !cpu->Flags.Overflow || Watched.TryPassException(cpu, Vector.Overflow);
}

/// <summary>INT1: an exception to the bitmap.</summary>
internal readonly unsafe struct WatchedDebugTrap : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => Watched.TryPassException(cpu, Vector.Debug);
}

/// <summary>What the watched instructions share.</summary>
internal static unsafe class Watched
{
    public static bool TryPass(CpuContext* cpu, InterceptKind kind, InterceptMode mode, ulong qualification = 0, ulong value = 0)
    {
        VcpuEngine engine = cpu->Engine;
        return engine.Intercepts.TryPass(mode, VmExit.Intercepted(engine.Id, kind, qualification, value));
    }

    public static bool TryPassVector(CpuContext* cpu, InterceptKind kind, InterceptMode mode, byte vector)
    {
        VcpuEngine engine = cpu->Engine;
        return engine.Intercepts.TryPass(mode, VmExit.InterceptedEvent(engine.Id, kind, vector));
    }

    public static bool TryPassException(CpuContext* cpu, Vector vector) =>
        TryPassVector(cpu, InterceptKind.Exception, cpu->Engine.Intercepts.Controls.OfException((byte)vector), (byte)vector);

    public static bool MayReadTimeStamp(CpuContext* cpu) => cpu->Cpl == 0 || (cpu->State.Cr4 & Cr4.TimeStampDisable) == 0;

    public static uint MsrIndex(CpuContext* cpu) => (uint)cpu->State.General[GeneralRegisterFile.Rcx];
}
