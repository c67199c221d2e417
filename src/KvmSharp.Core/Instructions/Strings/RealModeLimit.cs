using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions.Strings;

/// <summary>What a single string instruction leaves in its index registers when it meets the segment limit in real mode.</summary>
/// <remarks>
/// The manual says that a fault leaves the registers alone (Intel SDM Vol. 3A, "Exception Classifications"). Recorded processors move
/// the index of each access that they begin, the refused one included: an element at offset FFFFh that is wider than a byte. Only
/// real mode, where it was recorded, and no repetition.
/// </remarks>
internal static unsafe class RealModeLimit
{
    /// <summary>Moves the index registers of the accesses up to the one that was refused.</summary>
    /// <typeparam name="T">The width of an element.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="accesses">The index registers in the order of the accesses.</param>
    public static void MoveIndices<T>(CpuContext* cpu, MicroOp* op, ReadOnlySpan<byte> accesses)
        where T : unmanaged
    {
        foreach (byte register in accesses)
        {
            int segment = register == GeneralRegisterFile.Rdi ? (int)SegmentIndex.Es : op->Segment;
            ulong last = StringOperands.Index(cpu, op, register) + (ulong)sizeof(T) - 1;
            StringOperands.Move<T>(cpu, op, register, 1);
            if (last > cpu->State.Segments[segment].Limit)
            {
                return;
            }
        }
    }
}
