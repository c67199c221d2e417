using System.Runtime.InteropServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>The 10 bytes of an extended or packed BCD operand.</summary>
/// <param name="Low">Bytes 0 to 7.</param>
/// <param name="High">Bytes 8 and 9.</param>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal readonly record struct TenBytes(ulong Low, ushort High);

/// <summary>Accesses of 10 bytes, which the processor makes as 8 and 2: in a 16-bit segment the second part may wrap to its start.</summary>
internal static unsafe class TenByteAccess
{
    private const int LowBytes = 8;

    /// <summary>Reads.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="distance">Bytes behind the memory operand's first byte.</param>
    /// <param name="value">The bytes.</param>
    /// <returns>Whether they could be read.</returns>
    public static bool TryRead(CpuContext* cpu, MicroOp* op, uint distance, out TenBytes value)
    {
        value = default;
        if (!Operands.TryReadMemory(cpu, op, distance, out ulong low) || !Operands.TryReadMemory(cpu, op, distance + LowBytes, out ushort high))
        {
            return false;
        }

        value = new TenBytes(low, high);
        return true;
    }

    /// <summary>Writes; when the second part faults the first has not been written.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="distance">Bytes behind the memory operand's first byte.</param>
    /// <param name="value">The bytes.</param>
    /// <returns>Whether they were written.</returns>
    public static bool TryWrite(CpuContext* cpu, MicroOp* op, uint distance, TenBytes value)
    {
        ulong first = Operands.Truncate(op, Operands.EffectiveAddress(cpu, op) + distance);
        ulong second = Operands.Truncate(op, first + LowBytes);
        return SegmentAccess.TryTranslate(cpu, op->Segment, first, LowBytes, write: true, out ulong low)
            && SegmentAccess.TryTranslate(cpu, op->Segment, second, sizeof(ushort), write: true, out ulong high)
            && cpu->Engine.TryProbe(low, LowBytes, DataAccess.Write)
            && cpu->Engine.TryProbe(high, sizeof(ushort), DataAccess.Write)
            && LinearAccess.TryWrite(cpu, op, low, value.Low)
            && LinearAccess.TryWrite(cpu, op, high, value.High);
    }
}
