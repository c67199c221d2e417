using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>MOV between general registers, memory and immediates, and LEA. Intel SDM Vol. 2B, "MOV: Move".</summary>
internal static unsafe class MoveShape
{
    /// <summary>Chooses the handler of a MOV that involves no segment, control or debug register.</summary>
    /// <param name="l">The instruction.</param>
    public static void Lower(ref Lowering l)
    {
        l.FillOperands();
        switch (l.Width)
        {
            case 1:
                Lower<byte>(ref l);
                break;
            case 2:
                Lower<ushort>(ref l);
                break;
            case 4:
                Lower<uint>(ref l);
                break;
            default:
                Lower<ulong>(ref l);
                break;
        }
    }

    /// <summary>LEA: the effective address, truncated to the operand size. Intel SDM Vol. 2A, "LEA: Load Effective Address".</summary>
    /// <param name="l">The instruction.</param>
    public static void LowerLea(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = l.OperandWidth(0) switch
        {
            2 => &LoadAddress<ushort>,
            4 => &LoadAddress<uint>,
            _ => &LoadAddress<ulong>,
        };
    }

    private static void Lower<T>(ref Lowering l)
        where T : unmanaged
    {
        if (!l.HasMemory)
        {
            l.Op->Handler = l.HasImmediate ? &ToRegister<T, FromImmediate> : &ToRegister<T, FromRegister>;
            return;
        }

        switch (l.AddressForm)
        {
            case AddressFormKind.Flat:
                LowerMemory<T, Flat>(ref l);
                break;
            case AddressFormKind.Long:
                LowerMemory<T, Long>(ref l);
                break;
            default:
                LowerMemory<T, Segmented>(ref l);
                break;
        }
    }

    private static void LowerMemory<T, TAddress>(ref Lowering l)
        where T : unmanaged
        where TAddress : struct, IAddressForm => l.Op->Handler = (l.IsMemory(0), l.HasImmediate) switch
        {
            (false, _) => &ToRegister<T, FromMemory<TAddress>>,
            (true, true) => &ToMemory<T, FromImmediate, TAddress>,
            (true, false) => &ToMemory<T, FromRegister, TAddress>,
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* ToRegister<T, TSource>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryReadHit(cpu, op, out T value))
        {
            return ToRegisterSlowly<T, TSource>(cpu, op);
        }

        cpu->Write(op->Dst, value);
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ToRegisterSlowly<T, TSource>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T value))
        {
            return null;
        }

        cpu->Write(op->Dst, value);
        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* ToMemory<T, TSource, TAddress>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TAddress : struct, IAddressForm
    {
        if (TAddress.TryAddressOfHit(cpu, op, sizeof(T), write: true, out ulong linear) && LinearAccess.TryFindHit(cpu, linear, out T* place))
        {
            _ = TSource.TryRead(cpu, op, out *place); // a register or an immediate: cannot fail
            return Chain.Next(cpu, op);
        }

        return ToMemorySlowly<T, TSource, TAddress>(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ToMemorySlowly<T, TSource, TAddress>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TAddress : struct, IAddressForm
    {
        _ = TSource.TryRead(cpu, op, out T value);
        return TAddress.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear) && LinearAccess.TryWrite(cpu, op, linear, value)
            ? op + 1
            : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* LoadAddress<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong address = Operands.EffectiveAddress(cpu, op);
        cpu->Write(op->Dst, *(T*)&address);
        return Chain.Next(cpu, op);
    }
}
