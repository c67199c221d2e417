using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.Instructions.Groups;

/// <summary>The x87 opcodes D8 to DF and WAIT on a processor without an x87 unit.</summary>
/// <remarks>
/// CR0.EM or CR0.TS make ESC raise #NM, for an emulator or to tell that there is nothing to save. With both clear nothing answers:
/// instructions do nothing, and a store of the status or control word finds the ones of an idle bus, by which software sees that
/// there is no coprocessor. Intel SDM Vol. 3A, "Configuring the x87 FPU Environment".
/// </remarks>
internal static unsafe class Coprocessor
{
    private const ushort IdleBus = 0xFFFF;

    public static void Register(LoweringTable table)
    {
        // Iced keeps its codes in the order of opcodes: these are the first and the last of D8 to DF.
        for (Code code = Code.Fadd_m32fp; code <= Code.Fcomip_st0_sti; code++)
        {
            table.Add(code.Mnemonic(), &LowerEscape);
        }

        table.Add(Mnemonic.Fnstsw, &LowerStoreWord);
        table.Add(Mnemonic.Fnstcw, &LowerStoreWord);
        table.Add(Mnemonic.Wait, &LowerWait);
    }

    private static void LowerEscape(ref Lowering l) => l.Op->Handler = IsMissing(l) ? &NotAvailable : &Ignore;

    private static void LowerStoreWord(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = IsMissing(l) ? &NotAvailable : &StoreWord;
    }

    private static void LowerWait(ref Lowering l) => l.Op->Handler = (l.Mode & CodeMode.NoWait) != 0 ? &NotAvailable : &Ignore;

    private static bool IsMissing(in Lowering l) => (l.Mode & CodeMode.NoCoprocessor) != 0;

    private static MicroOp* NotAvailable(CpuContext* cpu, MicroOp* op) => Faults.RaiseAt(cpu, op, Vector.DeviceNotAvailable);

    private static MicroOp* Ignore(CpuContext* cpu, MicroOp* op) => op + 1;

    private static MicroOp* StoreWord(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return Operands.TryWriteRm(cpu, op, op->Dst, IdleBus) ? op + 1 : null;
    }
}
