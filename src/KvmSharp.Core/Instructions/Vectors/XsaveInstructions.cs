using System.Runtime.Intrinsics;
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
    private const ulong X87 = 1 << 0;
    private const ulong Sse = 1 << 1;
    private const ulong Offered = X87 | Sse;
    private const ulong AlignmentMask = 63;
    private const int HeaderSize = 64;
    private const int AreaSize = FxsaveImage.Size + HeaderSize;
    private const int HighShift = 32;
    private const ushort InitialControl = 0x37F;

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
        if ((uint)cpu->State.General[GeneralRegisterFile.Rcx] != 0 || (value & X87) == 0 || (value & ~Offered) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Vector.Xcr0 = value;
        return true;
    }

    public static bool Save(CpuContext* cpu, MicroOp* op)
    {
        byte* area = stackalloc byte[AreaSize];
        if (!TryUseState(cpu)
            || !FxsaveInstructions.TryAddress(cpu, op, AreaSize, AlignmentMask, write: true, out ulong linear)
            || !cpu->Engine.TryProbe(linear, AreaSize, DataAccess.Write)
            || !cpu->Engine.TryReadSlow(linear, AreaSize, area, DataAccess.Read))
        {
            return false;
        }

        ulong requested = Requested(cpu) & cpu->State.Vector.Xcr0;
        if ((requested & X87) != 0)
        {
            FxsaveImage.SaveX87(cpu->State.X87, area, FxsaveInstructions.IsWide(op));
        }

        if ((requested & Sse) != 0)
        {
            FxsaveImage.SaveMxcsr(cpu->State.Vector, area);
            FxsaveImage.SaveVectors(cpu->State.Vector, area, FxsaveInstructions.RegistersOf(cpu));
        }

        *(ulong*)(area + FxsaveImage.Size) |= requested;
        return cpu->Engine.TryWriteSlow(linear, AreaSize, area, DataAccess.Write);
    }

    public static bool Restore(CpuContext* cpu, MicroOp* op)
    {
        byte* area = stackalloc byte[AreaSize];
        if (!TryUseState(cpu)
            || !FxsaveInstructions.TryAddress(cpu, op, AreaSize, AlignmentMask, write: false, out ulong linear)
            || !cpu->Engine.TryReadSlow(linear, AreaSize, area, DataAccess.Read))
        {
            return false;
        }

        ulong requested = Requested(cpu) & cpu->State.Vector.Xcr0;
        ulong present = *(ulong*)(area + FxsaveImage.Size);
        uint mxcsr = *(uint*)(area + FxsaveImage.MxcsrOffset);
        if (!IsHeaderValid(cpu, area + FxsaveImage.Size) || ((requested & Sse) != 0 && (mxcsr & ~Mxcsr.Defined) != 0))
        {
            return Faults.GeneralProtection(cpu);
        }

        if ((requested & X87) != 0)
        {
            RestoreX87(cpu, op, area, (present & X87) != 0);
        }

        if ((requested & Sse) != 0)
        {
            cpu->State.Vector.Mxcsr = mxcsr; // also when the registers take their initial value
            RestoreVectors(cpu, area, (present & Sse) != 0);
        }

        return true;
    }

    private static void RestoreX87(CpuContext* cpu, MicroOp* op, byte* area, bool present)
    {
        if (present)
        {
            FxsaveImage.RestoreX87(ref cpu->State.X87, area, FxsaveInstructions.IsWide(op));
        }
        else
        {
            cpu->State.X87 = new X87State { ControlWord = InitialControl };
        }

        FpuErrors.UpdateSummary(cpu);
    }

    private static void RestoreVectors(CpuContext* cpu, byte* area, bool present)
    {
        int registers = FxsaveInstructions.RegistersOf(cpu);
        if (present)
        {
            FxsaveImage.RestoreVectors(ref cpu->State.Vector, area, registers);
            return;
        }

        for (int i = 0; i < registers; i++)
        {
            cpu->State.Vector.Registers[i] = Vector128<byte>.Zero;
        }
    }

    // XSTATE_BV names enabled state only; XCOMP_BV and the 8 bytes behind it are 0 in the standard form.
    private static bool IsHeaderValid(CpuContext* cpu, byte* header) =>
        (*(ulong*)header & ~cpu->State.Vector.Xcr0) == 0 && *(ulong*)(header + 8) == 0 && *(ulong*)(header + 16) == 0;

    private static ulong Requested(CpuContext* cpu) =>
        ((ulong)(uint)cpu->State.General[GeneralRegisterFile.Rdx] << HighShift) | (uint)cpu->State.General[GeneralRegisterFile.Rax];

    private static bool TryUseState(CpuContext* cpu) =>
        TryUse(cpu) && ((cpu->State.Cr0 & Cr0.TaskSwitched) == 0 || Faults.Raise(cpu, Vector.DeviceNotAvailable));

    private static bool TryUse(CpuContext* cpu) => (cpu->State.Cr4 & Cr4.OsXsave) != 0 || Faults.InvalidOpcode(cpu);
}
