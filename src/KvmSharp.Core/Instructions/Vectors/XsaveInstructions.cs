using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Memory;
using KvmSharp.Operations.Simd.FloatingPoint;
using KvmSharp.Segmentation;

namespace KvmSharp.Instructions.Vectors;

/// <summary>XSAVE, XRSTOR, XGETBV and XSETBV for x87 and SSE state, in the standard form. Intel SDM Vol. 1, "Managing State Using the XSAVE Feature Set".</summary>
/// <remarks>All state counts as in use: XSAVE sets every bit of XSTATE_BV that it is asked for. There is no compaction.</remarks>
internal static unsafe class XsaveInstructions
{
    private const ulong AlignmentMask = 63;
    private const int HighShift = 32;

    public static bool GetControl(CpuContext* cpu, MicroOp* op)
    {
        if (!TryUse(cpu))
        {
            return false;
        }

        if ((uint)cpu->State.General[GeneralRegisterFile.Rcx] != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.General[GeneralRegisterFile.Rax] = (uint)cpu->State.Vector.Xcr0;
        cpu->State.General[GeneralRegisterFile.Rdx] = cpu->State.Vector.Xcr0 >> HighShift;
        return true;
    }

    public static bool SetControl(CpuContext* cpu, MicroOp* op)
    {
        if (!TryUse(cpu) || !ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        ulong value = Requested(cpu);
        if ((uint)cpu->State.General[GeneralRegisterFile.Rcx] != 0 || !XsaveArea.IsValidControl(value))
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Vector.Xcr0 = value;
        return true;
    }

    public static bool Save(CpuContext* cpu, MicroOp* op)
    {
        byte* area = stackalloc byte[XsaveArea.Size];
        if (!TryUseState(cpu)
            || !FxsaveInstructions.TryAddress(cpu, op, XsaveArea.Size, AlignmentMask, write: true, out ulong linear)
            || !cpu->Engine.TryProbe(linear, XsaveArea.Size, DataAccess.Write)
            || !cpu->Engine.TryReadSlow(linear, XsaveArea.Size, area, DataAccess.Read))
        {
            return false;
        }

        ulong requested = Requested(cpu) & cpu->State.Vector.Xcr0;
        if ((requested & XsaveArea.X87) != 0)
        {
            FxsaveImage.SaveX87(cpu->State.X87, area, FxsaveInstructions.IsWide(op));
        }

        if ((requested & XsaveArea.Sse) != 0)
        {
            FxsaveImage.SaveMxcsr(cpu->State.Vector, area);
            FxsaveImage.SaveVectors(cpu->State.Vector, area, FxsaveInstructions.RegistersOf(cpu));
        }

        *(ulong*)(area + XsaveArea.HeaderOffset) |= requested;
        return cpu->Engine.TryWriteSlow(linear, XsaveArea.Size, area, DataAccess.Write);
    }

    public static bool Restore(CpuContext* cpu, MicroOp* op)
    {
        byte* area = stackalloc byte[XsaveArea.Size];
        if (!TryUseState(cpu)
            || !FxsaveInstructions.TryAddress(cpu, op, XsaveArea.Size, AlignmentMask, write: false, out ulong linear)
            || !cpu->Engine.TryReadSlow(linear, XsaveArea.Size, area, DataAccess.Read))
        {
            return false;
        }

        ulong requested = Requested(cpu) & cpu->State.Vector.Xcr0;
        uint mxcsr = *(uint*)(area + FxsaveImage.MxcsrOffset);
        if (!XsaveArea.IsHeaderValid(area + XsaveArea.HeaderOffset, cpu->State.Vector.Xcr0) || ((requested & XsaveArea.Sse) != 0 && (mxcsr & ~Mxcsr.Defined) != 0))
        {
            return Faults.GeneralProtection(cpu);
        }

        if ((requested & XsaveArea.X87) != 0)
        {
            XsaveArea.RestoreX87(ref cpu->State.X87, area, FxsaveInstructions.IsWide(op));
            FpuErrors.UpdateSummary(cpu);
        }

        if ((requested & XsaveArea.Sse) != 0)
        {
            cpu->State.Vector.Mxcsr = mxcsr; // also when the registers take their initial value
            XsaveArea.RestoreVectors(ref cpu->State.Vector, area, FxsaveInstructions.RegistersOf(cpu));
        }

        return true;
    }

    private static ulong Requested(CpuContext* cpu) =>
        ((ulong)(uint)cpu->State.General[GeneralRegisterFile.Rdx] << HighShift) | (uint)cpu->State.General[GeneralRegisterFile.Rax];

    private static bool TryUseState(CpuContext* cpu) =>
        TryUse(cpu) && ((cpu->State.Cr0 & Cr0.TaskSwitched) == 0 || Faults.Raise(cpu, Vector.DeviceNotAvailable));

    private static bool TryUse(CpuContext* cpu) => (cpu->State.Cr4 & Cr4.OsXsave) != 0 || Faults.InvalidOpcode(cpu);
}
