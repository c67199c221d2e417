using System.Runtime.Intrinsics;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Vectors;

/// <summary>MASKMOVDQU and MASKMOVQ: stores the bytes whose mask byte is negative, at DS:EDI. Intel SDM Vol. 2B, "MASKMOVDQU".</summary>
internal static unsafe class MaskedMove
{
    public static void Lower(ref Lowering l)
    {
        if (!VectorAvailability.TryUse(ref l))
        {
            return;
        }

        l.FillOperands();
        l.Op->Dst = RegisterOffsets.Of(l.Instruction.Op1Register);
        l.Op->Src = RegisterOffsets.Of(l.Instruction.Op2Register);
        l.Op->Segment = (byte)(l.Instruction.MemorySegment - Register.ES);
        l.Op->Body = l.Instruction.Op1Register.IsMM() ? &StoreMmx : &StoreXmm;
        l.Op->Handler = &GeneralShape.Continue;
    }

    private static bool StoreXmm(CpuContext* cpu, MicroOp* op) =>
        TryStore(cpu, op, cpu->Read<Vector128<byte>>(op->Dst), cpu->Read<Vector128<byte>>(op->Src), Vector128<byte>.Count);

    private static bool StoreMmx(CpuContext* cpu, MicroOp* op)
    {
        Vector128<byte> mask = Vector128.CreateScalar(cpu->Read<ulong>(op->Src)).AsByte();
        Vector128<byte> value = Vector128.CreateScalar(cpu->Read<ulong>(op->Dst)).AsByte();
        if (!MmxState.TryUse(cpu, op) || !TryStore(cpu, op, value, mask, sizeof(ulong)))
        {
            return false;
        }

        MmxState.Enter(cpu);
        return true;
    }

    // Rights are checked for the whole operand first, so that no byte is stored when another one faults.
    private static bool TryStore(CpuContext* cpu, MicroOp* op, Vector128<byte> value, Vector128<byte> mask, int size)
    {
        ulong offset = Operands.Truncate(op, cpu->State.General[GeneralRegisterFile.Rdi]);
        if (!SegmentAccess.TryTranslate(cpu, op->Segment, offset, size, write: true, out ulong linear))
        {
            return false;
        }

        uint chosen = mask.ExtractMostSignificantBits();
        if (chosen == 0)
        {
            return true;
        }

        if (!LinearAccess.TryProbeWrite(cpu, linear, size, DataAccess.Write))
        {
            return false;
        }

        for (int i = 0; i < size; i++)
        {
            if (((chosen >> i) & 1) != 0 && !LinearAccess.TryWrite(cpu, linear + (uint)i, value.GetElement(i)))
            {
                return false;
            }
        }

        return true;
    }
}
