using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;

namespace KvmSharp.Segmentation;

/// <summary>Finds descriptors in the GDT and the LDT, and keeps their accessed and busy bits. Always with supervisor rights.</summary>
internal static unsafe class DescriptorTables
{
    private const uint LastByte = sizeof(ulong) - 1;

    /// <summary>Finds where a descriptor lies.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector; entry 0 of the GDT is found like any other.</param>
    /// <param name="linear">The linear address of its eight bytes.</param>
    /// <returns>Whether all of it lies within its table.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLocate(CpuContext* cpu, Selector selector, out ulong linear)
    {
        if (selector.IsLocal)
        {
            ref SegmentCache table = ref cpu->State.Segments[(int)SegmentIndex.Ldtr];
            linear = (table.Base + selector.Offset) & cpu->SystemMask;
            return !table.Unusable && selector.Offset + LastByte <= table.Limit;
        }

        linear = (cpu->State.Gdtr.Base + selector.Offset) & cpu->SystemMask;
        return selector.Offset + LastByte <= cpu->State.Gdtr.Limit;
    }

    /// <summary>Reads a descriptor.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="invalid">What is raised, with the selector as error code, when it lies beyond its table: #GP or #TS.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>Whether it could be read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryRead(CpuContext* cpu, Selector selector, Vector invalid, out Descriptor descriptor)
    {
        ulong raw = 0;
        bool done = TryLocate(cpu, selector, out ulong linear)
            ? LinearAccess.TryReadSystem(cpu, linear, out raw)
            : Faults.Raise(cpu, invalid, selector.ErrorCode);
        descriptor = new Descriptor(raw);
        return done;
    }

    /// <summary>Reads the upper half of a 16-byte system descriptor or call gate of long mode.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector of its lower half, which was read already.</param>
    /// <param name="upper">The upper half: bits 63:32 of the base or offset.</param>
    /// <returns>Whether no fault was raised: #GP(selector) beyond the table, or when the type field of this half is not 0.</returns>
    public static bool TryReadUpper(CpuContext* cpu, Selector selector, out ulong upper)
    {
        const ulong TypeField = 0x1FUL << 40;
        upper = 0;
        uint limit = selector.IsLocal ? cpu->State.Segments[(int)SegmentIndex.Ldtr].Limit : cpu->State.Gdtr.Limit;
        _ = TryLocate(cpu, selector, out ulong linear);
        if (selector.Offset + sizeof(ulong) + LastByte > limit)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        return LinearAccess.TryReadSystem(cpu, (linear + sizeof(ulong)) & cpu->SystemMask, out upper)
            && ((upper & TypeField) == 0 || Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode));
    }

    /// <summary>Sets the accessed bit of a descriptor that was just read, unless it is set already.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">Its selector.</param>
    /// <param name="descriptor">What was read.</param>
    /// <returns>Whether no fault was met.</returns>
    public static bool TryMarkAccessed(CpuContext* cpu, Selector selector, Descriptor descriptor) =>
        descriptor.IsAccessed || TryWriteType(cpu, selector, (byte)(descriptor.Attributes | Descriptor.AccessedBit));

    /// <summary>Sets or clears the busy bit of a TSS descriptor.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">Its selector.</param>
    /// <param name="descriptor">What was read.</param>
    /// <param name="busy">The new state.</param>
    /// <returns>Whether no fault was met.</returns>
    public static bool TrySetBusy(CpuContext* cpu, Selector selector, Descriptor descriptor, bool busy)
    {
        byte type = (byte)(descriptor.Attributes & ~Descriptor.BusyBit);
        return TryWriteType(cpu, selector, busy ? (byte)(type | Descriptor.BusyBit) : type);
    }

    /// <summary>Checks that the busy bit of a descriptor can be written.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">Its selector.</param>
    /// <returns>Whether no fault was met.</returns>
    public static bool TryProbe(CpuContext* cpu, Selector selector)
    {
        _ = TryLocate(cpu, selector, out ulong linear);
        return LinearAccess.TryProbeWrite(cpu, linear + Descriptor.TypeByte, 1, DataAccess.SystemWrite);
    }

    private static bool TryWriteType(CpuContext* cpu, Selector selector, byte type)
    {
        _ = TryLocate(cpu, selector, out ulong linear);
        return LinearAccess.TryWriteSystem(cpu, linear + Descriptor.TypeByte, type);
    }
}
