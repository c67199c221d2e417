using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Tasks;

namespace KvmSharp.Instructions.Shapes;

/// <summary>IN and OUT with the port in an immediate byte or in DX. Intel SDM Vol. 2A, "IN: Input From Port"; Vol. 2B, "OUT: Output to Port".</summary>
internal static unsafe class PortShape
{
    private static readonly ushort Accumulator = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax);

    private static readonly ushort Dx = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rdx);

    public static void LowerIn(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = l.OperandWidth(0) switch
        {
            1 => &In<byte>,
            2 => &In<ushort>,
            _ => &In<uint>,
        };
    }

    public static void LowerOut(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = l.OperandWidth(1) switch
        {
            1 => &Out<byte>,
            2 => &Out<ushort>,
            _ => &Out<uint>,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* In<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        T value = default;
        ushort port = PortOf(cpu, op);
        if (!PortPermission.TryCheck(cpu, port, sizeof(T))
            || !cpu->Engine.Devices.TryPort(ExitDirection.Read, port, &value, sizeof(T)))
        {
            return null;
        }

        cpu->Write(Accumulator, value);
        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Out<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        cpu->CurrentOp = op;
        T value = cpu->Read<T>(Accumulator);
        ushort port = PortOf(cpu, op);
        return PortPermission.TryCheck(cpu, port, sizeof(T))
            && cpu->Engine.Devices.TryPort(ExitDirection.Write, port, &value, sizeof(T))
            ? op + 1
            : null;
    }

    private static ushort PortOf(CpuContext* cpu, MicroOp* op) =>
        (op->Traits & MicroOpTraits.Immediate) != 0 ? (byte)op->Immediate : cpu->Read<ushort>(Dx);
}
