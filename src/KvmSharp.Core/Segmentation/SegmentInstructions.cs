using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Memory;

namespace KvmSharp.Segmentation;

/// <summary>Instructions that move selectors: MOV, PUSH and POP of segment registers, LDS and its like.</summary>
internal static unsafe class SegmentInstructions
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Les, &LowerEs);
        table.Add(Mnemonic.Lss, &LowerSs);
        table.Add(Mnemonic.Lds, &LowerDs);
        table.Add(Mnemonic.Lfs, &LowerFs);
        table.Add(Mnemonic.Lgs, &LowerGs);
    }

    /// <summary>MOV Sreg, r/m16.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool MoveTo(CpuContext* cpu, MicroOp* op)
    {
        var segment = (SegmentIndex)op->Dst;
        if (segment == SegmentIndex.Cs)
        {
            return Faults.InvalidOpcode(cpu);
        }

        return Operands.TryReadRm(cpu, op, op->Src, out ushort value) && TryLoad(cpu, segment, value, shadows: true);
    }

    /// <summary>MOV r/m16, Sreg; a wider register is zero-extended.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveFrom(CpuContext* cpu, MicroOp* op)
    {
        ushort selector = cpu->State.Segments[op->Src].Selector;
        return Operands.Size(op) == sizeof(ushort)
            ? Operands.TryWriteRm(cpu, op, op->Dst, selector)
            : Operands.TryWriteRm(cpu, op, op->Dst, (uint)selector);
    }

    /// <summary>PUSH Sreg. The pointer moves by the operand size, but only the selector's 16 bits are stored, and only they can fault.</summary>
    /// <remarks>What current processors do with a 32-bit operand size. Intel SDM Vol. 2B, "PUSH".</remarks>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Push(CpuContext* cpu, MicroOp* op)
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp] - (uint)Operands.Size(op);
        if (!SegmentAccess.TryTranslate(cpu, (int)SegmentIndex.Ss, pointer & cpu->StackMask, sizeof(ushort), write: true, out ulong linear)
            || !LinearAccess.TryWrite(cpu, linear, cpu->State.Segments[op->Dst].Selector))
        {
            return false;
        }

        StackPointer.Set(cpu, cpu->StackMask, pointer);
        return true;
    }

    /// <summary>POP Sreg. The pointer moves by the operand size, but only the selector's 16 bits are read.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Pop(CpuContext* cpu, MicroOp* op)
    {
        int size = Operands.Size(op);
        ulong oldMask = cpu->StackMask;
        if (!StackPointer.TryPeek(cpu, 0, sizeof(ushort), out ulong value) || !TryLoad(cpu, (SegmentIndex)op->Dst, (ushort)value, shadows: true))
        {
            return false;
        }

        // POP SS counts the old stack's pointer up.
        StackPointer.Set(cpu, oldMask, cpu->State.General[GeneralRegisterFile.Rsp] + (uint)size);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryLoad(CpuContext* cpu, SegmentIndex segment, ushort value, bool shadows)
    {
        if (!SegmentLoads.TryPrepare(cpu, segment, value, out SegmentCache cache))
        {
            return false;
        }

        cpu->State.Segments[(int)segment] = cache;
        if (segment != SegmentIndex.Ss)
        {
            cpu->Engine.Mode.UpdateData(segment);
            return true;
        }

        if (shadows)
        {
            cpu->State.Events.MovSsShadow = 1;
        }

        cpu->Engine.UpdateMode();
        return true;
    }

    // The far pointer's offset comes first in memory; the register is written last, when the selector has been accepted.
    private static bool LoadFarPointer(CpuContext* cpu, MicroOp* op)
    {
        var segment = (SegmentIndex)op->Src;
        if (Operands.Size(op) == sizeof(ushort))
        {
            if (!Operands.TryReadMemory(cpu, op, 0, out ushort narrow) || !TryLoadSelector<ushort>(cpu, op, segment))
            {
                return false;
            }

            cpu->Write(op->Dst, narrow);
            return true;
        }

        if (Operands.Size(op) == sizeof(ulong))
        {
            if (!Operands.TryReadMemory(cpu, op, 0, out ulong full) || !TryLoadSelector<ulong>(cpu, op, segment))
            {
                return false;
            }

            cpu->Write(op->Dst, full);
            return true;
        }

        if (!Operands.TryReadMemory(cpu, op, 0, out uint wide) || !TryLoadSelector<uint>(cpu, op, segment))
        {
            return false;
        }

        cpu->Write(op->Dst, wide);
        return true;
    }

    private static bool TryLoadSelector<T>(CpuContext* cpu, MicroOp* op, SegmentIndex segment)
        where T : unmanaged =>
        Operands.TryReadMemory(cpu, op, (uint)sizeof(T), out ushort selector) && TryLoad(cpu, segment, selector, shadows: false);

    private static void LowerEs(ref Lowering lowering) => LowerLoad(ref lowering, SegmentIndex.Es);

    private static void LowerSs(ref Lowering lowering) => LowerLoad(ref lowering, SegmentIndex.Ss);

    private static void LowerDs(ref Lowering lowering) => LowerLoad(ref lowering, SegmentIndex.Ds);

    private static void LowerFs(ref Lowering lowering) => LowerLoad(ref lowering, SegmentIndex.Fs);

    private static void LowerGs(ref Lowering lowering) => LowerLoad(ref lowering, SegmentIndex.Gs);

    private static void LowerLoad(ref Lowering lowering, SegmentIndex segment)
    {
        SystemForms.LowerLoad(ref lowering, &LoadFarPointer, lowering.OperandWidth(0), segment);
        lowering.Op->Src = (ushort)segment;
    }
}
