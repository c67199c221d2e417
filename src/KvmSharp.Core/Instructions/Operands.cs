using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions;

/// <summary>Operands of general instructions, fetched as the micro-op says at run time. Hot shapes have this resolved by their type instead.</summary>
internal static unsafe class Operands
{
    /// <summary>Gets the operand size in bytes.</summary>
    /// <param name="op">The instruction.</param>
    /// <returns>1, 2, 4 or 8.</returns>
    public static int Size(MicroOp* op) => 1 << (int)(op->Traits & MicroOpTraits.SizeMask);

    /// <summary>Gets the offset that the memory operand names, truncated to the address size.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The effective address.</returns>
    public static ulong EffectiveAddress(CpuContext* cpu, MicroOp* op) =>
        Truncate(op, cpu->Read<ulong>(op->Base) + (cpu->Read<ulong>(op->Index) << op->Scale) + (ulong)op->Displacement);

    /// <summary>Truncates an offset to the instruction's address size.</summary>
    /// <param name="op">The instruction.</param>
    /// <param name="offset">The offset.</param>
    /// <returns>The truncated offset.</returns>
    public static ulong Truncate(MicroOp* op, ulong offset) => offset << op->AddressShift >> op->AddressShift;

    /// <summary>Reads memory at a distance from the memory operand.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="distance">Bytes behind the operand's first byte.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryReadMemory<T>(CpuContext* cpu, MicroOp* op, uint distance, out T value)
        where T : unmanaged
    {
        ulong offset = Truncate(op, EffectiveAddress(cpu, op) + distance);
        if (SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(T), write: false, out ulong linear))
        {
            return LinearAccess.TryRead(cpu, op, linear, out value);
        }

        value = default;
        return false;
    }

    /// <summary>Writes memory at a distance from the memory operand.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="distance">Bytes behind the operand's first byte.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it was written.</returns>
    public static bool TryWriteMemory<T>(CpuContext* cpu, MicroOp* op, uint distance, T value)
        where T : unmanaged
    {
        ulong offset = Truncate(op, EffectiveAddress(cpu, op) + distance);
        return SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(T), write: true, out ulong linear)
            && LinearAccess.TryWrite(cpu, op, linear, value);
    }

    /// <summary>Reads the register-or-memory operand: memory when the instruction has a memory operand, else the register at <paramref name="register"/>.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="register">Dst or Src of the micro-op.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryReadRm<T>(CpuContext* cpu, MicroOp* op, ushort register, out T value)
        where T : unmanaged
    {
        if ((op->Traits & MicroOpTraits.Memory) != 0)
        {
            return TryReadMemory(cpu, op, 0, out value);
        }

        value = cpu->Read<T>(register);
        return true;
    }

    /// <summary>Writes the register-or-memory operand.</summary>
    /// <typeparam name="T">The width.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="register">Dst or Src of the micro-op.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it was written.</returns>
    public static bool TryWriteRm<T>(CpuContext* cpu, MicroOp* op, ushort register, T value)
        where T : unmanaged
    {
        if ((op->Traits & MicroOpTraits.Memory) != 0)
        {
            return TryWriteMemory(cpu, op, 0, value);
        }

        cpu->Write(register, value);
        return true;
    }
}
