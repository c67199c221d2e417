using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>The shape "op dst, count": shifts and rotates by CL, by an immediate, or by 1.</summary>
internal static unsafe class ShiftShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IShiftOp
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
        where TOp : struct, IShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        bool immediate = l.HasImmediate;
        if (l.HasMemory)
        {
            l.Op->Handler = (immediate, l.AddressForm) switch
            {
                (true, AddressFormKind.Flat) => &OnMemory<TOp, T, FromImmediate, Flat>,
                (true, AddressFormKind.Long) => &OnMemory<TOp, T, FromImmediate, Long>,
                (true, _) => &OnMemory<TOp, T, FromImmediate, Segmented>,
                (false, AddressFormKind.Flat) => &OnMemory<TOp, T, FromRegister, Flat>,
                (false, AddressFormKind.Long) => &OnMemory<TOp, T, FromRegister, Long>,
                (false, _) => &OnMemory<TOp, T, FromRegister, Segmented>,
            };
        }
        else
        {
            l.Op->Handler = immediate ? &OnRegister<TOp, T, FromImmediate> : &OnRegister<TOp, T, FromRegister>;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* OnRegister<TOp, T, TCount>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCount : struct, ISource
    {
        _ = TCount.TryRead(cpu, op, out byte count); // CL or an immediate: cannot fail
        ArithmeticFlags flags = cpu->Flags;
        cpu->Write(op->Dst, TOp.Apply(cpu->Read<T>(op->Dst), count, ref flags));
        cpu->Flags = flags;
        return Chain.Next(cpu, op);
    }

    private static MicroOp* OnMemory<TOp, T, TCount, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCount : struct, ISource
        where TAddress : struct, IAddressForm
    {
        _ = TCount.TryRead(cpu, op, out byte count);
        if (!TAddress.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear)
            || !LinearAccess.TryReadForWrite(cpu, op, linear, out T value, out T* host))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        T result = TOp.Apply(value, count, ref flags);
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
