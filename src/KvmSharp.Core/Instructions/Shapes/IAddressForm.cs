using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>How a memory operand's linear address comes about. A type parameter of every hot shape, so that the choice costs nothing at run time.</summary>
internal unsafe interface IAddressForm
{
    /// <summary>Computes the linear address of the memory operand and makes the segment checks that the form needs.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="size">Bytes accessed.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="linear">The address.</param>
    /// <returns><see langword="false"/> when a fault was raised.</returns>
    static abstract bool TryAddress(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear);

    /// <summary>The same for an access that only a hit in the TLB completes: nothing is raised, and what no tag matches need not be checked.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="size">Bytes accessed.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="linear">The address.</param>
    /// <returns><see langword="false"/> when <see cref="TryAddress"/> must be asked.</returns>
    static abstract bool TryAddressOfHit(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear);
}

/// <summary>The address forms by name: what lowering chooses by.</summary>
internal enum AddressFormKind
{
    /// <summary><see cref="Shapes.Flat"/>.</summary>
    Flat,

    /// <summary><see cref="Shapes.Long"/>.</summary>
    Long,

    /// <summary><see cref="Shapes.Segmented"/>.</summary>
    Segmented,
}

/// <summary>32-bit addresses through a segment with base 0 and limit FFFFFFFFh: the offset is the address.</summary>
internal readonly unsafe struct Flat : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear)
    {
        linear = (uint)(cpu->Read<uint>(op->Base) + (cpu->Read<uint>(op->Index) << op->Scale) + (uint)op->Displacement);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear) =>
        TryAddress(cpu, op, size, write, out linear);
}

/// <summary>64-bit addresses in 64-bit mode through any segment but FS and GS: there is no base and no limit, but the address must be canonical.</summary>
internal readonly unsafe struct Long : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear)
    {
        _ = TryAddressOfHit(cpu, op, size, write, out linear);
        return Canonical.Are(linear, size) || Refuse(cpu, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear)
    {
        linear = cpu->Read<ulong>(op->Base) + (cpu->Read<ulong>(op->Index) << op->Scale) + (ulong)op->Displacement;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Refuse(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return SegmentAccess.Refuse(cpu, op->Segment);
    }
}

/// <summary>Any segment and address size: the offset is truncated, checked against the segment and added to its base.</summary>
internal readonly unsafe struct Segmented : IAddressForm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddress(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear)
    {
        if (SegmentAccess.TryTranslate(cpu, op->Segment, Operands.EffectiveAddress(cpu, op), size, write, out linear))
        {
            return true;
        }

        cpu->CurrentOp = op;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddressOfHit(CpuContext* cpu, MicroOp* op, int size, bool write, out ulong linear) =>
        SegmentAccess.IsWithinView(cpu, op->Segment, Operands.EffectiveAddress(cpu, op), size, write, out linear)
        || (cpu->Mode & CodeMode.Code64) != 0; // there no segment has a limit
}
