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
        if (l.IsMemory(0))
        {
            l.Op->Handler = (l.HasImmediate, l.IsFlat) switch
            {
                (true, true) => &ToMemory<T, FromImmediate, Flat>,
                (true, false) => &ToMemory<T, FromImmediate, Segmented>,
                (false, true) => &ToMemory<T, FromRegister, Flat>,
                (false, false) => &ToMemory<T, FromRegister, Segmented>,
            };
        }
        else if (l.HasMemory)
        {
            l.Op->Handler = l.IsFlat ? &ToRegister<T, FromMemory<Flat>> : &ToRegister<T, FromMemory<Segmented>>;
        }
        else
        {
            l.Op->Handler = l.HasImmediate ? &ToRegister<T, FromImmediate> : &ToRegister<T, FromRegister>;
        }
    }

    private static MicroOp* ToRegister<T, TSource>(CpuContext* cpu, MicroOp* op)
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

    private static MicroOp* ToMemory<T, TSource, TAddress>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TAddress : struct, IAddressForm
    {
        _ = TSource.TryRead(cpu, op, out T value); // a register or an immediate: cannot fail
        return TAddress.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear) && LinearAccess.TryWrite(cpu, op, linear, value)
            ? op + 1
            : null;
    }

    private static MicroOp* LoadAddress<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        ulong address = Operands.EffectiveAddress(cpu, op);
        cpu->Write(op->Dst, *(T*)&address);
        return op + 1;
    }
}
