using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Instructions.Groups;

/// <summary>LEA, XLAT, HLT, and the many ways of doing nothing.</summary>
internal static unsafe class Miscellaneous
{
    /// <summary>Hints, and opcodes that this processor reserves as NOP with an operand that is not accessed: 0F 0D and 0F 18 to 0F 1F.</summary>
    private static readonly Mnemonic[] Nothing =
    [
        Mnemonic.Nop, Mnemonic.Pause, Mnemonic.Reservednop, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Rdsspd,
        Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchwt1,
        Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1,
        Mnemonic.Cldemote,
    ];

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Lea, &MoveShape.LowerLea);
        table.AddGeneral(Mnemonic.Xlatb, &TableLookup);
        table.AddEndingBlock(Mnemonic.Hlt, &Halt);
        foreach (Mnemonic mnemonic in Nothing)
        {
            table.Add(mnemonic, &LowerNothing);
        }
    }

    private static void LowerNothing(ref Lowering l) => l.Op->Handler = &DoNothing;

    private static MicroOp* DoNothing(CpuContext* cpu, MicroOp* op) => op + 1;

    // The run loop sees the state and waits, or leaves. Intel SDM Vol. 2A, "HLT: Halt".
    private static bool Halt(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        cpu->State.Events.MpState = MpState.Halted;
        VcpuEngine engine = cpu->Engine;
        engine.Machine.Observer?.OnHalt(engine.Id, engine.Position);
        return true;
    }

    // The index of XLAT is AL alone, which no other address has.
    private static bool TableLookup(CpuContext* cpu, MicroOp* op)
    {
        ref GeneralRegisterFile registers = ref cpu->State.General;
        ulong offset = Operands.Truncate(op, registers[GeneralRegisterFile.Rbx] + (byte)registers[GeneralRegisterFile.Rax]);
        if (!SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(byte), write: false, out ulong linear)
            || !LinearAccess.TryRead(cpu, linear, out byte value))
        {
            return false;
        }

        cpu->Write(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax), value);
        return true;
    }
}
