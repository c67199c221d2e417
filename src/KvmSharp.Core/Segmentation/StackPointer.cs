using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Segmentation;

/// <summary>RSP in 64-bit mode, else ESP, or SP alone when the stack segment is a 16-bit one. Intel SDM Vol. 1, "Address-Size Attribute for Stack".</summary>
internal static unsafe class StackPointer
{
    /// <summary>Gives the part of RSP that addresses a stack outside 64-bit mode.</summary>
    /// <param name="stack">The stack segment.</param>
    /// <returns>FFFFh or FFFFFFFFh.</returns>
    public static ulong MaskOf(in SegmentCache stack) => stack.IsBig ? uint.MaxValue : ushort.MaxValue;

    /// <summary>Sets the stack pointer; a 16-bit stack leaves the upper half of ESP.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="mask">The part that addresses the stack: <see cref="CpuContext.StackMask"/>, or another stack's.</param>
    /// <param name="value">The new value.</param>
    public static void Set(CpuContext* cpu, ulong mask, ulong value)
    {
        ref ulong pointer = ref cpu->State.General[GeneralRegisterFile.Rsp];
        pointer = mask == ushort.MaxValue ? (pointer & ~mask) | (ushort)value : value & mask;
    }

    /// <summary>Moves the present stack pointer up.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="bytes">The distance.</param>
    public static void Release(CpuContext* cpu, uint bytes) =>
        Set(cpu, cpu->StackMask, cpu->State.General[GeneralRegisterFile.Rsp] + bytes);

    /// <summary>Gives the host address of the top of the present stack when all that an instruction pops can be read there at once.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="bytes">How much it pops.</param>
    /// <returns>The address, or null: then each item is for <see cref="TryPeek"/>.</returns>
    public static byte* FindTop(CpuContext* cpu, int bytes)
    {
        ulong offset = cpu->State.General[GeneralRegisterFile.Rsp] & cpu->StackMask;
        bool within = SegmentAccess.IsWithinView(cpu, (int)SegmentIndex.Ss, offset, bytes, write: false, out ulong linear)
            || ProcessorMode.Is64Bit(cpu); // no tag of the TLB is an address that is not canonical
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        bool wraps = ((offset + (uint)bytes - 1) & cpu->StackMask) < offset;
        return within && !wraps && Tlb.Hits(linear, bytes, entry->ReadTag) ? (byte*)(linear + entry->Addend) : null;
    }

    /// <summary>Reads from the present stack without popping.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="distance">Bytes above the top.</param>
    /// <param name="size">2, 4 or 8.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryPeek(CpuContext* cpu, uint distance, int size, out ulong value)
    {
        value = 0;
        ulong offset = (cpu->State.General[GeneralRegisterFile.Rsp] + distance) & cpu->StackMask;
        if (!SegmentAccess.TryTranslate(cpu, (int)SegmentIndex.Ss, offset, size, write: false, out ulong linear))
        {
            return false;
        }

        if (size == sizeof(ushort))
        {
            bool done = LinearAccess.TryRead(cpu, linear, out ushort word);
            value = word;
            return done;
        }

        if (size == sizeof(ulong))
        {
            return LinearAccess.TryRead(cpu, linear, out value);
        }

        bool read = LinearAccess.TryRead(cpu, linear, out uint doubleword);
        value = doubleword;
        return read;
    }
}
