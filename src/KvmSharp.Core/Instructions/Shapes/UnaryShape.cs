using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>The shape "op dst": INC, DEC, NEG, NOT and BSWAP.</summary>
internal static unsafe class UnaryShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IUnaryOp
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
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!l.HasMemory)
        {
            l.Op->Handler = l.FlagsAreDead ? &OnRegister<TOp, T, FlagsDead> : &OnRegister<TOp, T, FlagsSeen>;
        }
        else if (l.Instruction.HasLockPrefix)
        {
            l.Op->Handler = &AtomicShape.Unary<TOp, T>;
        }
        else
        {
            l.Op->Handler = l.AddressForm switch
            {
                AddressFormKind.Flat => &OnMemory<TOp, T, Flat>,
                AddressFormKind.Long => &OnMemory<TOp, T, Long>,
                _ => &OnMemory<TOp, T, Segmented>,
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* OnRegister<TOp, T, TFlags>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TFlags : struct, IFlagUse
    {
        ArithmeticFlags flags = cpu->Flags;
        cpu->Write(op->Dst, TOp.Apply(cpu->Read<T>(op->Dst), ref flags));
        if (TFlags.AreSeen)
        {
            cpu->Flags = flags;
        }

        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* OnMemory<TOp, T, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TAddress : struct, IAddressForm
    {
        if (!TAddress.TryAddressOfHit(cpu, op, sizeof(T), write: true, out ulong linear) || !LinearAccess.TryFindHit(cpu, linear, out T* place))
        {
            return OnMemorySlowly<TOp, T, TAddress>(cpu, op);
        }

        ArithmeticFlags flags = cpu->Flags;
        *place = TOp.Apply(*place, ref flags);
        cpu->Flags = flags;
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* OnMemorySlowly<TOp, T, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TAddress : struct, IAddressForm
    {
        if (!TAddress.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear)
            || !LinearAccess.TryReadForWrite(cpu, op, linear, out T a, out T* host))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        T result = TOp.Apply(a, ref flags);
        if (host is not null)
        {
            *host = result;
        }
        else if (!LinearAccess.TryWrite(cpu, op, linear, result))
        {
            return null;
        }

        cpu->Flags = flags;
        return op + 1;
    }
}
