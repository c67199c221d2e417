using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>SYSENTER and SYSEXIT: flat segments made up from one selector, no descriptor read. Intel SDM Vol. 2B, "SYSENTER".</summary>
internal static unsafe class FastSystemCall
{
    private const ushort FlatAttributes = SegmentCache.RealModeData | SegmentCache.Big | SegmentCache.Granularity;
    private const int SelectorMask = 0xFFFC;
    private const int StackDistance = 8;
    private const int UserCodeDistance = 16;
    private const int UserStackDistance = 24;

    public static void Register(LoweringTable table)
    {
        table.AddTransfer(Mnemonic.Sysenter, &Enter);
        table.AddTransfer(Mnemonic.Sysexit, &Exit);
    }

    private static bool Enter(CpuContext* cpu, MicroOp* op)
    {
        int selector = (int)cpu->State.Msrs.SysenterCs & SelectorMask;
        if (ProcessorMode.IsReal(cpu) || selector == 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        FlagsRegister.Write(cpu, 0, Rflags.Virtual8086 | Rflags.Interrupt | Rflags.Resume);
        cpu->State.General[GeneralRegisterFile.Rsp] = cpu->State.Msrs.SysenterEsp;
        SetSegments(cpu, selector, selector + StackDistance, 0, cpu->State.Msrs.SysenterEip);
        return true;
    }

    private static bool Exit(CpuContext* cpu, MicroOp* op)
    {
        int selector = (int)cpu->State.Msrs.SysenterCs & SelectorMask;
        if (ProcessorMode.IsReal(cpu) || cpu->Cpl != 0 || selector == 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        ulong target = (uint)cpu->State.General[GeneralRegisterFile.Rdx];
        cpu->State.General[GeneralRegisterFile.Rsp] = (uint)cpu->State.General[GeneralRegisterFile.Rcx];
        SetSegments(cpu, selector + UserCodeDistance, selector + UserStackDistance, 3, target);
        return true;
    }

    private static void SetSegments(CpuContext* cpu, int code, int stack, int privilege, ulong target)
    {
        cpu->State.Segments[(int)SegmentIndex.Ss] = Flat(stack, privilege, FlatAttributes);
        new CodeTarget(Flat(code, privilege, FlatAttributes | SegmentCache.Executable), target).Enter(cpu);
    }

    private static SegmentCache Flat(int selector, int privilege, ushort attributes) => new()
    {
        Limit = uint.MaxValue,
        Selector = new Selector((ushort)selector).WithRpl(privilege).Value,
        Attributes = (ushort)(attributes | (privilege << SegmentCache.DplShift)),
    };
}
