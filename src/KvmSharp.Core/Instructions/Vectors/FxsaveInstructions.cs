using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Memory;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Vectors;

/// <summary>FXSAVE and FXRSTOR. Intel SDM Vol. 2A, "FXSAVE", "FXRSTOR".</summary>
internal static unsafe class FxsaveInstructions
{
    private const ulong AlignmentMask = 15;

    /// <summary>FXSAVE: the reserved bytes behind the XMM registers are not written.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool Save(CpuContext* cpu, MicroOp* op)
    {
        if (!TryAddress(cpu, op, FxsaveImage.Size, AlignmentMask, write: true, out ulong linear))
        {
            return false;
        }

        byte* image = stackalloc byte[FxsaveImage.Size];
        int registers = RegistersOf(cpu);
        FxsaveImage.SaveX87(cpu->State.X87, image, IsWide(op));
        FxsaveImage.SaveMxcsr(cpu->State.Vector, image);
        FxsaveImage.SaveVectors(cpu->State.Vector, image, registers);

        // The processor touches the last byte first: a page fault names it.
        return cpu->Engine.TryProbe((linear + FxsaveImage.Size - 1) & cpu->LinearMask, sizeof(byte), DataAccess.Write)
            && cpu->Engine.TryProbe(linear, FxsaveImage.Size, DataAccess.Write)
            && cpu->Engine.TryWriteSlow(linear, FxsaveImage.VectorEnd(registers), image, DataAccess.Write);
    }

    /// <summary>FXRSTOR: a reserved bit in MXCSR is #GP(0), and nothing is restored.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool Restore(CpuContext* cpu, MicroOp* op)
    {
        byte* image = stackalloc byte[FxsaveImage.Size];
        if (!TryAddress(cpu, op, FxsaveImage.Size, AlignmentMask, write: false, out ulong linear)
            || !cpu->Engine.TryReadSlow(linear, FxsaveImage.Size, image, DataAccess.Read))
        {
            return false;
        }

        uint mxcsr = *(uint*)(image + FxsaveImage.MxcsrOffset);
        if ((mxcsr & ~Mxcsr.Defined) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Vector.Mxcsr = mxcsr;
        FxsaveImage.RestoreX87(ref cpu->State.X87, image, IsWide(op));
        FpuErrors.UpdateSummary(cpu);
        FxsaveImage.RestoreVectors(ref cpu->State.Vector, image, RegistersOf(cpu));
        return true;
    }

    /// <summary>Gives the linear address of a save area, checked for alignment first and then for the segment.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="alignmentMask">Address bits that must be 0.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="linear">The address.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, int size, ulong alignmentMask, bool write, out ulong linear)
    {
        ulong offset = Operands.EffectiveAddress(cpu, op);
        linear = cpu->Views[op->Segment].Base + offset;
        return (linear & alignmentMask) == 0
            ? SegmentAccess.TryTranslate(cpu, op->Segment, offset, size, write, out linear)
            : Faults.GeneralProtection(cpu);
    }

    /// <summary>Tells whether REX.W asks for 64-bit pointers.</summary>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsWide(MicroOp* op) => op->Immediate != 0;

    /// <summary>Gives the number of XMM registers that the mode has.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>8 or 16.</returns>
    public static int RegistersOf(CpuContext* cpu) => (cpu->Mode & CodeMode.Code64) != 0 ? 16 : 8;
}
