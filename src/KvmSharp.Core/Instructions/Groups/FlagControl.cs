using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>Instructions on CF, DF and the low byte of the flags. CLI, STI, PUSHF and POPF belong to the system groups.</summary>
internal static unsafe class FlagControl
{
    // AH: the second byte of RAX.
    private static readonly ushort Ah = (ushort)(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax) + 1);

    private static readonly ushort Al = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax);

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Clc, &Lower<Clc>);
        table.Add(Mnemonic.Stc, &Lower<Stc>);
        table.Add(Mnemonic.Cmc, &Lower<Cmc>);
        table.AddGeneral(Mnemonic.Cld, &ClearDirection);
        table.AddGeneral(Mnemonic.Std, &SetDirection);
        table.AddGeneral(Mnemonic.Lahf, &LoadAh);
        table.AddGeneral(Mnemonic.Sahf, &StoreAh);
        table.AddGeneral(Mnemonic.Salc, &SetAlFromCarry);
    }

    private static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IFlagOp => l.Op->Handler = &Apply<TOp>;

    private static MicroOp* Apply<TOp>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IFlagOp
    {
        TOp.Apply(ref cpu->Flags);
        return op + 1;
    }

    private static bool ClearDirection(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rflags &= ~Rflags.Direction;
        return true;
    }

    private static bool SetDirection(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rflags |= Rflags.Direction;
        return true;
    }

    private static bool LoadAh(CpuContext* cpu, MicroOp* op)
    {
        cpu->Write(Ah, Lahf.Apply(cpu->Flags));
        return true;
    }

    private static bool StoreAh(CpuContext* cpu, MicroOp* op)
    {
        Sahf.Apply(cpu->Read<byte>(Ah), ref cpu->Flags);
        return true;
    }

    private static bool SetAlFromCarry(CpuContext* cpu, MicroOp* op)
    {
        cpu->Write(Al, Salc.Apply(cpu->Flags));
        return true;
    }
}
