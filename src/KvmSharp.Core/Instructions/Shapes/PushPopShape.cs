using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>PUSH and POP of general registers, immediates and memory. Intel SDM Vol. 2B, "PUSH" and "POP".</summary>
internal static unsafe class PushPopShape
{
    public static void LowerPush(ref Lowering l)
    {
        l.FillOperands();
        switch (ItemSize(l))
        {
            case 2:
                LowerPush<ushort>(ref l);
                break;
            case 4:
                LowerPush<uint>(ref l);
                break;
            case 8:
                LowerPush<ulong>(ref l);
                break;
        }
    }

    public static void LowerPop(ref Lowering l)
    {
        l.FillOperands();
        switch (ItemSize(l))
        {
            case 2:
                LowerPop<ushort>(ref l);
                break;
            case 4:
                LowerPop<uint>(ref l);
                break;
            case 8:
                LowerPop<ulong>(ref l);
                break;
        }
    }

    private static int ItemSize(in Lowering l) => Math.Abs(l.Instruction.StackPointerIncrement);

    private static void LowerPush<T>(ref Lowering l)
        where T : unmanaged
    {
        switch (StackItems.FormOf(l))
        {
            case StackFormKind.Flat:
                LowerPush<T, FlatStack>(ref l);
                break;
            case StackFormKind.Long:
                LowerPush<T, LongStack>(ref l);
                break;
            default:
                LowerPush<T, AnyStack>(ref l);
                break;
        }
    }

    private static void LowerPush<T, TStack>(ref Lowering l)
        where T : unmanaged
        where TStack : struct, IStackForm => l.Op->Handler = (l.HasImmediate, l.HasMemory, l.AddressForm) switch
        {
            (true, _, _) => &Push<T, FromImmediate, TStack>,
            (_, true, AddressFormKind.Flat) => &Push<T, FromMemory<Flat>, TStack>,
            (_, true, AddressFormKind.Long) => &Push<T, FromMemory<Long>, TStack>,
            (_, true, _) => &Push<T, FromMemory<Segmented>, TStack>,
            _ => &Push<T, FromFirstRegister, TStack>,
        };

    private static void LowerPop<T>(ref Lowering l)
        where T : unmanaged => l.Op->Handler = (l.HasMemory, StackItems.FormOf(l)) switch
        {
            (true, _) => &PopMemory<T>,
            (false, StackFormKind.Flat) => &PopRegister<T, FlatStack>,
            (false, StackFormKind.Long) => &PopRegister<T, LongStack>,
            (false, _) => &PopRegister<T, AnyStack>,
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Push<T, TSource, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TStack : struct, IStackForm =>
        TSource.TryReadHit(cpu, op, out T value) && StackItems.TryPushHit<TStack, T>(cpu, value)
            ? Chain.Next(cpu, op)
            : PushSlowly<T, TSource, TStack>(cpu, op);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* PushSlowly<T, TSource, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TStack : struct, IStackForm =>
        TSource.TryRead(cpu, op, out T value) && StackItems.TryPush<TStack, T>(cpu, op, value) ? op + 1 : null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* PopRegister<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (!StackItems.TryReadHit<TStack, T>(cpu, pointer, out T value))
        {
            return PopRegisterSlowly<T, TStack>(cpu, op);
        }

        TStack.SetPointer(cpu, pointer + (uint)sizeof(T)); // first: POP ESP ends with the item in ESP
        cpu->Write(op->Dst, value);
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* PopRegisterSlowly<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (!StackItems.TryRead<TStack, T>(cpu, op, pointer, out T value))
        {
            return null;
        }

        TStack.SetPointer(cpu, pointer + (uint)sizeof(T));
        cpu->Write(op->Dst, value);
        return op + 1;
    }

    // An address that uses ESP sees it moved already. Intel SDM Vol. 2B, "POP".
    private static MicroOp* PopMemory<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (!StackItems.TryRead<AnyStack, T>(cpu, op, pointer, out T value))
        {
            return null;
        }

        AnyStack.SetPointer(cpu, pointer + (uint)sizeof(T));
        if (Segmented.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear) && LinearAccess.TryWrite(cpu, op, linear, value))
        {
            return op + 1;
        }

        cpu->State.General[GeneralRegisterFile.Rsp] = pointer;
        return null;
    }
}
