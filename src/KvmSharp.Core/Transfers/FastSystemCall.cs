using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>SYSENTER and SYSEXIT: flat segments made up from one selector, no descriptor read. Intel SDM Vol. 2B, "SYSENTER".</summary>
/// <remarks>In long mode SYSENTER leads to 64-bit code; SYSEXIT does with REX.W, else to compatibility mode.</remarks>
internal static unsafe class FastSystemCall
{
    private const int SelectorMask = 0xFFFC;
    private const int StackDistance = 8;
    private const int UserCodeDistance = 16;
    private const int UserStackDistance = 24;
    private const int LongUserCodeDistance = 32;
    private const int LongUserStackDistance = 40;

    public static void Register(LoweringTable table)
    {
        table.AddTransfer(Mnemonic.Sysenter, &Enter);
        table.AddTransfer(Mnemonic.Sysexit, &Exit);
        table.AddTransfer(Mnemonic.Sysexitq, &ExitLong);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Enter(CpuContext* cpu, MicroOp* op)
    {
        int selector = (int)cpu->State.Msrs.SysenterCs & SelectorMask;
        if (ProcessorMode.IsReal(cpu) || selector == 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        bool isLong = ProcessorMode.IsLong(cpu);
        ulong mask = isLong ? ulong.MaxValue : uint.MaxValue;
        FlagsRegister.Write(cpu, 0, Rflags.Virtual8086 | Rflags.Interrupt | Rflags.Resume);
        cpu->State.General[GeneralRegisterFile.Rsp] = cpu->State.Msrs.SysenterEsp & mask;
        cpu->State.Segments[(int)SegmentIndex.Ss] = FlatSegments.Data(selector + StackDistance, 0);
        new CodeTarget(FlatSegments.Code(selector, 0, isLong), cpu->State.Msrs.SysenterEip & mask).Enter(cpu);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Exit(CpuContext* cpu, MicroOp* op)
    {
        if (!TryGetSelector(cpu, out int selector))
        {
            return false;
        }

        ulong target = (uint)cpu->State.General[GeneralRegisterFile.Rdx];
        cpu->State.General[GeneralRegisterFile.Rsp] = (uint)cpu->State.General[GeneralRegisterFile.Rcx];
        cpu->State.Segments[(int)SegmentIndex.Ss] = FlatSegments.Data(selector + UserStackDistance, 3);
        new CodeTarget(FlatSegments.Code(selector + UserCodeDistance, 3, isLong: false), target).Enter(cpu);
        return true;
    }

    private static bool ExitLong(CpuContext* cpu, MicroOp* op)
    {
        if (!TryGetSelector(cpu, out int selector))
        {
            return false;
        }

        ulong target = cpu->State.General[GeneralRegisterFile.Rdx];
        ulong stack = cpu->State.General[GeneralRegisterFile.Rcx];
        if (!Canonical.Is(target) || !Canonical.Is(stack))
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.General[GeneralRegisterFile.Rsp] = stack;
        cpu->State.Segments[(int)SegmentIndex.Ss] = FlatSegments.Data(selector + LongUserStackDistance, 3);
        new CodeTarget(FlatSegments.Code(selector + LongUserCodeDistance, 3, isLong: true), target).Enter(cpu);
        return true;
    }

    private static bool TryGetSelector(CpuContext* cpu, out int selector)
    {
        selector = (int)cpu->State.Msrs.SysenterCs & SelectorMask;
        bool allowed = !ProcessorMode.IsReal(cpu) && cpu->Cpl == 0 && selector != 0;
        return allowed || Faults.GeneralProtection(cpu);
    }
}
