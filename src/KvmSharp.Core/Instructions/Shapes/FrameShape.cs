using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>ENTER and LEAVE. Intel SDM Vol. 2A, "ENTER: Make Stack Frame for Procedure Parameters" and "LEAVE: High Level Procedure Exit".</summary>
internal static unsafe class FrameShape
{
    private const int LevelMask = 31;
    private static readonly ushort FramePointer = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rbp);

    public static void LowerEnter(ref Lowering l)
    {
        l.Op->Immediate = l.Instruction.Immediate16;
        l.Op->Scale = (byte)(l.Instruction.Immediate8_2nd & LevelMask);
        l.Op->Handler = l.Instruction.Code switch
        {
            Code.Enterw_imm16_imm8 => &Enter<ushort>,
            Code.Enterd_imm16_imm8 => &Enter<uint>,
            _ => &Enter<ulong>,
        };
    }

    public static void LowerLeave(ref Lowering l)
    {
        l.Op->Handler = (l.Instruction.Code == Code.Leavew, StackItems.FormOf(l)) switch
        {
            (true, StackFormKind.Long) => &Leave<ushort, LongStack>,
            (true, StackFormKind.Flat) => &Leave<ushort, FlatStack>,
            (true, _) => &Leave<ushort, AnyStack>,
            (false, StackFormKind.Long) => &Leave<ulong, LongStack>,
            (false, StackFormKind.Flat) => &Leave<uint, FlatStack>,
            (false, _) => &Leave<uint, AnyStack>,
        };
    }

    /// <summary>Pushes the frame pointer, copies the frame pointers of the enclosing levels, adds its own, and makes room.</summary>
    private static MicroOp* Enter<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp] - (uint)sizeof(T);
        if (!StackItems.TryWrite<AnyStack, T>(cpu, op, pointer, cpu->Read<T>(FramePointer)))
        {
            return null;
        }

        // Not truncated to the stack's width: with a 16-bit stack EBP takes the upper half of ESP along, borrow included.
        T own = Operand.Truncate<T>(pointer);
        ulong outer = cpu->State.General[GeneralRegisterFile.Rbp];
        for (int level = 1; level < op->Scale; level++)
        {
            outer -= (uint)sizeof(T);
            pointer -= (uint)sizeof(T);
            if (!StackItems.TryRead<AnyStack, T>(cpu, op, outer, out T display)
                || !StackItems.TryWrite<AnyStack, T>(cpu, op, pointer, display))
            {
                return null;
            }
        }

        if (op->Scale > 0)
        {
            pointer -= (uint)sizeof(T);
            if (!StackItems.TryWrite<AnyStack, T>(cpu, op, pointer, own))
            {
                return null;
            }
        }

        // The manual's page fault at the final stack pointer: the room is probed for one item, though nothing is stored there.
        pointer -= (ulong)op->Immediate;
        if (!AnyStack.TryAddress(cpu, op, pointer, sizeof(T), write: true, out ulong linear))
        {
            return null;
        }

        cpu->CurrentOp = op;
        if (!LinearAccess.TryProbeWrite(cpu, linear, sizeof(T), DataAccess.Write))
        {
            return null;
        }

        AnyStack.SetPointer(cpu, pointer);
        cpu->Write(FramePointer, own);
        return op + 1;
    }

    private static MicroOp* Leave<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong frame = cpu->State.General[GeneralRegisterFile.Rbp];
        if (!StackItems.TryRead<TStack, T>(cpu, op, frame, out T outer))
        {
            return null;
        }

        TStack.SetPointer(cpu, frame + (uint)sizeof(T));
        cpu->Write(FramePointer, outer);
        return op + 1;
    }
}
