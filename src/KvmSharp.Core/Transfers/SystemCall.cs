using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>SYSCALL and SYSRET. Intel SDM Vol. 2B, "SYSCALL: Fast System Call" and "SYSRET: Return From Fast System Call".</summary>
/// <remarks>
/// As on Intel processors both exist in 64-bit mode only, and only with EFER.SCE set; CSTAR is kept and never used.
/// <code>
/// STAR  63          48 47          32 31         0
///       | SYSRET base | SYSCALL base |  not used  |
///
/// SYSCALL: CS = base, SS = base + 8      SYSRET: SS = base + 8, CS = base + 16, or base for compatibility mode
/// </code>
/// </remarks>
internal static unsafe class SystemCall
{
    private const int R11 = 11;
    private const int CallShift = 32;
    private const int ReturnShift = 48;
    private const int StackDistance = 8;
    private const int LongCodeDistance = 16;
    private const int SelectorMask = 0xFFFC;

    // SYSRET takes all flags from R11 but RF and VM, and reserved bits.
    private const ulong Restored = Rflags.Defined & ~(Rflags.Resume | Rflags.Virtual8086);

    public static void Register(LoweringTable table)
    {
        table.AddTransfer(Mnemonic.Syscall, &Call);
        table.AddTransfer(Mnemonic.Sysret, &Return);
        table.AddTransfer(Mnemonic.Sysretq, &ReturnLong);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Call(CpuContext* cpu, MicroOp* op)
    {
        if (!TryRequireEnabled(cpu))
        {
            return false;
        }

        ref ModelSpecificRegisters msrs = ref cpu->State.Msrs;
        ulong flags = FlagsRegister.Read(cpu) & ~Rflags.Resume;
        cpu->State.General[GeneralRegisterFile.Rcx] = GeneralShape.NextRip(cpu, op);
        cpu->State.General[R11] = flags;
        int selector = (int)(msrs.Star >> CallShift) & SelectorMask;
        FlagsRegister.Write(cpu, flags & ~msrs.SyscallFlagMask);
        cpu->State.Segments[(int)SegmentIndex.Ss] = FlatSegments.Data(selector + StackDistance, 0);
        new CodeTarget(FlatSegments.Code(selector, 0, isLong: true), msrs.Lstar).Enter(cpu);
        return true;
    }

    private static bool Return(CpuContext* cpu, MicroOp* op) =>
        TryReturn(cpu, isLong: false, (uint)cpu->State.General[GeneralRegisterFile.Rcx]);

    private static bool ReturnLong(CpuContext* cpu, MicroOp* op) =>
        TryReturn(cpu, isLong: true, cpu->State.General[GeneralRegisterFile.Rcx]);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryReturn(CpuContext* cpu, bool isLong, ulong target)
    {
        if (!TryRequireEnabled(cpu))
        {
            return false;
        }

        if (cpu->Cpl != 0 || !Canonical.Is(target))
        {
            return Faults.GeneralProtection(cpu);
        }

        int selector = (int)(cpu->State.Msrs.Star >> ReturnShift);
        FlagsRegister.Write(cpu, cpu->State.General[R11] & Restored);
        cpu->State.Segments[(int)SegmentIndex.Ss] = FlatSegments.Data(selector + StackDistance, 3);
        new CodeTarget(FlatSegments.Code(selector + (isLong ? LongCodeDistance : 0), 3, isLong), target).Enter(cpu);
        return true;
    }

    private static bool TryRequireEnabled(CpuContext* cpu) =>
        (ProcessorMode.Is64Bit(cpu) && (cpu->State.Msrs.Efer & Efer.SystemCallEnable) != 0) || Faults.InvalidOpcode(cpu);
}
