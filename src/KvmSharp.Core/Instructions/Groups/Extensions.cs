using System.Numerics;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Groups;

/// <summary>Instructions on general registers that came with SSE and after: counts, BMI1, ADX, CRC32, MOVBE, MOVNTI. Fences and cache hints.</summary>
internal static unsafe class Extensions
{
    // Every access is in program order, as seen by every processor, and there is no cache: nothing is left to do.
    private static readonly Mnemonic[] Fences = [Mnemonic.Lfence, Mnemonic.Mfence, Mnemonic.Sfence];

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Popcnt, &ComputeShape.Lower<Popcnt>);
        table.Add(Mnemonic.Tzcnt, &ComputeShape.Lower<Tzcnt>);
        table.Add(Mnemonic.Lzcnt, &ComputeShape.Lower<Lzcnt>);
        table.Add(Mnemonic.Blsi, &ComputeShape.Lower<Blsi>);
        table.Add(Mnemonic.Blsmsk, &ComputeShape.Lower<Blsmsk>);
        table.Add(Mnemonic.Blsr, &ComputeShape.Lower<Blsr>);
        table.Add(Mnemonic.Andn, &ComputeShape.LowerSecond<Andn>);
        table.Add(Mnemonic.Bextr, &ComputeShape.LowerFirst<Bextr>);
        table.Add(Mnemonic.Adcx, &BinaryShape.Lower<Adcx>);
        table.Add(Mnemonic.Adox, &BinaryShape.Lower<Adox>);
        table.Add(Mnemonic.Crc32, &LowerCrc32);
        table.Add(Mnemonic.Movbe, &LowerMovbe);
        table.Add(Mnemonic.Movnti, &MoveShape.Lower);
        table.AddGeneral(Mnemonic.Clflush, &FlushLine);
        foreach (Mnemonic mnemonic in Fences)
        {
            table.Add(mnemonic, &LowerFence);
        }
    }

    private static void LowerFence(ref Lowering l) => l.Op->Handler = &Fence;

    private static MicroOp* Fence(CpuContext* cpu, MicroOp* op)
    {
        Interlocked.MemoryBarrier();
        return op + 1;
    }

    // Faults as a load of one byte does. Intel SDM Vol. 2A, "CLFLUSH".
    private static bool FlushLine(CpuContext* cpu, MicroOp* op) => Operands.TryReadMemory(cpu, op, 0, out byte _);

    private static void LowerCrc32(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = (l.OperandWidth(1), l.HasMemory) switch
        {
            (1, false) => &Accumulate<byte, FromRegister>,
            (1, true) => &Accumulate<byte, FromMemory<Segmented>>,
            (2, false) => &Accumulate<ushort, FromRegister>,
            (2, true) => &Accumulate<ushort, FromMemory<Segmented>>,
            (4, false) => &Accumulate<uint, FromRegister>,
            (4, true) => &Accumulate<uint, FromMemory<Segmented>>,
            (_, false) => &Accumulate<ulong, FromRegister>,
            (_, true) => &Accumulate<ulong, FromMemory<Segmented>>,
        };
    }

    // A 64-bit destination is cleared above the checksum too.
    private static MicroOp* Accumulate<T, TSource>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T data))
        {
            return null;
        }

        cpu->Write(op->Dst, Crc32c.Accumulate(cpu->Read<uint>(op->Dst), data));
        return op + 1;
    }

    private static void LowerMovbe(ref Lowering l)
    {
        l.FillOperands();
        bool store = l.IsMemory(0);
        if (store)
        {
            l.Op->Src = RegisterOffsets.Of(l.Instruction.Op1Register);
        }

        l.Op->Handler = (l.Width, store) switch
        {
            (2, false) => &LoadReversed<ushort>,
            (2, true) => &StoreReversed<ushort>,
            (4, false) => &LoadReversed<uint>,
            (4, true) => &StoreReversed<uint>,
            (_, false) => &LoadReversed<ulong>,
            (_, true) => &StoreReversed<ulong>,
        };
    }

    private static MicroOp* LoadReversed<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (!FromMemory<Segmented>.TryRead(cpu, op, out T value))
        {
            return null;
        }

        cpu->Write(op->Dst, Reverse(value));
        return op + 1;
    }

    private static MicroOp* StoreReversed<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T> =>
        Segmented.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear)
        && LinearAccess.TryWrite(cpu, op, linear, Reverse(cpu->Read<T>(op->Src))) ? op + 1 : null;

    private static T Reverse<T>(T value)
        where T : unmanaged =>
        Operand.Truncate<T>(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Operand.AlignTop(value)));
}
