using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions.Shapes;

/// <summary>PUSHA and POPA. Intel SDM Vol. 2B, "PUSHA/PUSHAD" and "POPA/POPAD".</summary>
/// <remarks>
/// A fault half-way does not move the stack pointer, so the instruction can run again; items that PUSHA has stored and registers that
/// POPA has loaded by then stay, as on current processors.
/// </remarks>
internal static unsafe class AllRegistersShape
{
    private const int Count = GeneralRegisterFile.Rdi + 1;

    public static void LowerPush<T>(ref Lowering l)
        where T : unmanaged => l.Op->Handler = &Push<T>;

    public static void LowerPop<T>(ref Lowering l)
        where T : unmanaged => l.Op->Handler = &Pop<T>;

    private static MicroOp* Push<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        for (int register = 0; register < Count; register++)
        {
            pointer -= (uint)sizeof(T);
            if (!StackItems.TryWrite<AnyStack, T>(cpu, op, pointer, cpu->Read<T>(CpuContext.OffsetOfGeneral(register))))
            {
                return null;
            }
        }

        AnyStack.SetPointer(cpu, pointer);
        return op + 1;
    }

    private static MicroOp* Pop<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        for (int register = Count - 1; register >= 0; register--)
        {
            if (register != GeneralRegisterFile.Rsp)
            {
                if (!StackItems.TryRead<AnyStack, T>(cpu, op, pointer, out T value))
                {
                    return null;
                }

                cpu->Write(CpuContext.OffsetOfGeneral(register), value);
            }

            pointer += (uint)sizeof(T);
        }

        AnyStack.SetPointer(cpu, pointer);
        return op + 1;
    }
}
