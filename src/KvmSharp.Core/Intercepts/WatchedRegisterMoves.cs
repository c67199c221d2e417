using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Intercepts;

/// <summary>MOV to CR.</summary>
internal readonly unsafe struct WatchedControlRegisterWrite : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => RegisterMoves.TryPassControl(
        cpu, op->Dst, ExitDirection.Write, Qualification.OfControlRegister(op->Dst, ControlAccess.MoveTo, op->Src), RegisterMoves.ValueOf(cpu, op->Src));
}

/// <summary>MOV from CR.</summary>
internal readonly unsafe struct WatchedControlRegisterRead : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => RegisterMoves.TryPassControl(
        cpu, op->Src, ExitDirection.Read, Qualification.OfControlRegister(op->Src, ControlAccess.MoveFrom, op->Dst), value: 0);
}

/// <summary>CLTS.</summary>
internal readonly unsafe struct WatchedClts : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => RegisterMoves.TryPassControl(
        cpu, 0, ExitDirection.Write, Qualification.OfControlRegister(0, ControlAccess.Clts, 0), cpu->State.Cr0 & ~Cr0.TaskSwitched);
}

/// <summary>LMSW. What a memory operand holds is not read for the exit.</summary>
internal readonly unsafe struct WatchedLmsw : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op)
    {
        bool memory = (op->Traits & MicroOpTraits.Memory) != 0;
        ushort value = memory ? (ushort)0 : cpu->Read<ushort>(op->Dst);
        return RegisterMoves.TryPassControl(cpu, 0, ExitDirection.Write, Qualification.OfLmsw(memory, value), value);
    }
}

/// <summary>SMSW: a read of CR0, at any privilege unless CR4.UMIP forbids it.</summary>
internal readonly unsafe struct WatchedSmsw : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op)
    {
        bool memory = (op->Traits & MicroOpTraits.Memory) != 0;
        ulong qualification = Qualification.OfControlRegister(0, ControlAccess.MoveFrom, memory ? (ushort)0 : op->Dst);
        bool faults = cpu->Cpl != 0 && (cpu->State.Cr4 & Cr4.UserModeInstructionPrevention) != 0;
        return faults || Watched.TryPass(cpu, InterceptKind.ControlRegisterRead, cpu->Engine.Intercepts.Controls.Cr0Read, qualification);
    }
}

/// <summary>MOV to DR.</summary>
internal readonly unsafe struct WatchedDebugRegisterWrite : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => !RegisterMoves.MayAccessDebug(cpu, op->Dst) || Watched.TryPass(
        cpu,
        InterceptKind.DebugRegisterWrite,
        cpu->Engine.Intercepts.Controls.DebugRegisterWrite,
        Qualification.OfDebugRegister(op->Dst, ExitDirection.Write, op->Src),
        RegisterMoves.ValueOf(cpu, op->Src));
}

/// <summary>MOV from DR.</summary>
internal readonly unsafe struct WatchedDebugRegisterRead : IWatchedInstruction
{
    public static bool TryPass(CpuContext* cpu, MicroOp* op) => !RegisterMoves.MayAccessDebug(cpu, op->Src) || Watched.TryPass(
        cpu,
        InterceptKind.DebugRegisterRead,
        cpu->Engine.Intercepts.Controls.DebugRegisterRead,
        Qualification.OfDebugRegister(op->Src, ExitDirection.Read, op->Dst));
}

/// <summary>What the moves share.</summary>
internal static unsafe class RegisterMoves
{
    public static bool TryPassControl(CpuContext* cpu, int number, ExitDirection direction, ulong qualification, ulong value)
    {
        InterceptKind kind = direction == ExitDirection.Read ? InterceptKind.ControlRegisterRead : InterceptKind.ControlRegisterWrite;
        InterceptMode mode = cpu->Engine.Intercepts.Controls.OfControlRegister(number, direction);
        return cpu->Cpl != 0 || Watched.TryPass(cpu, kind, mode, qualification, value);
    }

    // DR4 and DR5 are #UD with CR4.DE, before anything else.
    public static bool MayAccessDebug(CpuContext* cpu, int number) =>
        cpu->Cpl == 0 && number <= 7 && (number is not (4 or 5) || (cpu->State.Cr4 & Cr4.DebuggingExtensions) == 0);

    public static ulong ValueOf(CpuContext* cpu, ushort register) =>
        (cpu->Mode & CodeMode.Code64) != 0 ? cpu->Read<ulong>(register) : cpu->Read<uint>(register);
}
