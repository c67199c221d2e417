using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>Decimal arithmetic: the adjustments of AL and AX.</summary>
internal static unsafe class Decimal
{
    private static readonly ushort Ax = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax);

    public static void Register(LoweringTable table)
    {
        table.AddGeneral(Mnemonic.Daa, &Adjust<Daa>);
        table.AddGeneral(Mnemonic.Das, &Adjust<Das>);
        table.AddGeneral(Mnemonic.Aaa, &Adjust<Aaa>);
        table.AddGeneral(Mnemonic.Aas, &Adjust<Aas>);
        table.AddGeneral(Mnemonic.Aam, &AdjustAfterMultiply);
        table.AddGeneral(Mnemonic.Aad, &AdjustBeforeDivision);
    }

    private static bool Adjust<TOp>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IDecimalAdjustOp
    {
        cpu->Write(Ax, TOp.Apply(cpu->Read<ushort>(Ax), ref cpu->Flags));
        return true;
    }

    private static bool AdjustAfterMultiply(CpuContext* cpu, MicroOp* op)
    {
        if (!Aam.TryApply(cpu->Read<byte>(Ax), (byte)op->Immediate, out ushort result, ref cpu->Flags))
        {
            return Faults.Raise(cpu, Vector.DivideError);
        }

        cpu->Write(Ax, result);
        return true;
    }

    private static bool AdjustBeforeDivision(CpuContext* cpu, MicroOp* op)
    {
        cpu->Write(Ax, Aad.Apply(cpu->Read<ushort>(Ax), (byte)op->Immediate, ref cpu->Flags));
        return true;
    }
}
