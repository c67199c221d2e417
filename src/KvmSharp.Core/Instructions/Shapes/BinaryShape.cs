using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>The shape "op dst, src": ADD, ADC, SUB, SBB, CMP, AND, OR, XOR, TEST and two-operand IMUL, at every width and in every operand form.</summary>
internal static unsafe class BinaryShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IBinaryOp
    {
        l.FillOperands();
        switch (l.Width)
        {
            case 1:
                Lower<TOp, byte>(ref l);
                break;
            case 2:
                Lower<TOp, ushort>(ref l);
                break;
            case 4:
                Lower<TOp, uint>(ref l);
                break;
            default:
                Lower<TOp, ulong>(ref l);
                break;
        }
    }

    private static void Lower<TOp, T>(ref Lowering l)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (l.FlagsAreDead)
        {
            Lower<TOp, T, FlagsDead>(ref l);
        }
        else
        {
            Lower<TOp, T, FlagsSeen>(ref l);
        }
    }

    private static void Lower<TOp, T, TFlags>(ref Lowering l)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
    {
        if (!l.HasMemory)
        {
            l.Op->Handler = l.HasImmediate ? &ToRegister<TOp, T, TFlags, FromImmediate> : &ToRegister<TOp, T, TFlags, FromRegister>;
            return;
        }

        if (l.Instruction.HasLockPrefix)
        {
            l.Op->Handler = l.HasImmediate ? &AtomicShape.Binary<TOp, T, FromImmediate> : &AtomicShape.Binary<TOp, T, FromRegister>;
            return;
        }

        switch (l.AddressForm)
        {
            case AddressFormKind.Flat:
                LowerMemory<TOp, T, TFlags, Flat>(ref l);
                break;
            case AddressFormKind.Long:
                LowerMemory<TOp, T, TFlags, Long>(ref l);
                break;
            default:
                LowerMemory<TOp, T, TFlags, Segmented>(ref l);
                break;
        }
    }

    private static void LowerMemory<TOp, T, TFlags, TAddress>(ref Lowering l)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
        where TAddress : struct, IAddressForm => l.Op->Handler = (l.IsMemory(0), l.HasImmediate) switch
        {
            (false, _) => &ToRegister<TOp, T, TFlags, FromMemory<TAddress>>,
            (true, true) => &ToMemory<TOp, T, TFlags, FromImmediate, TAddress>,
            (true, false) => &ToMemory<TOp, T, TFlags, FromRegister, TAddress>,
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* ToRegister<TOp, T, TFlags, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
        where TSource : struct, ISource
    {
        if (!TSource.TryReadHit(cpu, op, out T b))
        {
            return ToRegisterSlowly<TOp, T, TFlags, TSource>(cpu, op);
        }

        Combine<TOp, T, TFlags>(cpu, op, b);
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ToRegisterSlowly<TOp, T, TFlags, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T b))
        {
            return null;
        }

        Combine<TOp, T, TFlags>(cpu, op, b);
        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Combine<TOp, T, TFlags>(CpuContext* cpu, MicroOp* op, T b)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
    {
        ArithmeticFlags flags = cpu->Flags;
        T result = TOp.Apply(cpu->Read<T>(op->Dst), b, ref flags);
        if (TOp.Stores)
        {
            cpu->Write(op->Dst, result);
        }

        if (TFlags.AreSeen)
        {
            cpu->Flags = flags;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* ToMemory<TOp, T, TFlags, TSource, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
        where TSource : struct, ISource
        where TAddress : struct, IAddressForm
    {
        _ = TSource.TryRead(cpu, op, out T b); // a register or an immediate: cannot fail
        if (!TAddress.TryAddressOfHit(cpu, op, sizeof(T), TOp.Stores, out ulong linear))
        {
            return ToMemorySlowly<TOp, T, TFlags, TSource, TAddress>(cpu, op);
        }

        ArithmeticFlags flags = cpu->Flags;
        if (TOp.Stores)
        {
            if (!LinearAccess.TryFindHit(cpu, linear, out T* place))
            {
                return ToMemorySlowly<TOp, T, TFlags, TSource, TAddress>(cpu, op);
            }

            *place = TOp.Apply(*place, b, ref flags);
        }
        else
        {
            if (!LinearAccess.TryReadHit(cpu, linear, out T a))
            {
                return ToMemorySlowly<TOp, T, TFlags, TSource, TAddress>(cpu, op);
            }

            TOp.Apply(a, b, ref flags);
        }

        if (TFlags.AreSeen)
        {
            cpu->Flags = flags;
        }

        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ToMemorySlowly<TOp, T, TFlags, TSource, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
        where TSource : struct, ISource
        where TAddress : struct, IAddressForm
    {
        _ = TSource.TryRead(cpu, op, out T b);
        if (!TAddress.TryAddress(cpu, op, sizeof(T), TOp.Stores, out ulong linear))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        if (TOp.Stores)
        {
            if (!LinearAccess.TryReadForWrite(cpu, op, linear, out T a, out T* host))
            {
                return null;
            }

            T result = TOp.Apply(a, b, ref flags);
            if (host is not null)
            {
                *host = result;
            }
            else if (!LinearAccess.TryWrite(cpu, op, linear, result))
            {
                return null;
            }
        }
        else
        {
            if (!LinearAccess.TryRead(cpu, op, linear, out T a))
            {
                return null;
            }

            TOp.Apply(a, b, ref flags);
        }

        if (TFlags.AreSeen)
        {
            cpu->Flags = flags;
        }

        return op + 1;
    }
}
