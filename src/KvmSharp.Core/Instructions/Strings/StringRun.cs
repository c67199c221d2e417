using System.Numerics;
using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Strings;

/// <summary>As many iterations as lie in one page of plain memory at each index, forwards or backwards, where an index is an address.</summary>
internal static unsafe class StringRun
{
    /// <summary>Does them, and moves the index registers.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <typeparam name="T">The width.</typeparam>
    /// <typeparam name="TIndex">A plain form.</typeparam>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="most">How many may be done, at least 1.</param>
    /// <returns>How many were done; 0 when the TLB does not allow them at once, or they must go one by one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong TryAdvance<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op, ulong most)
        where TOp : struct, IStringOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, IIndexForm
    {
        bool backward = (cpu->State.Rflags & Rflags.Direction) != 0;
        ulong count = most;
        ulong from = TIndex.Truncate(cpu->State.General[GeneralRegisterFile.Rsi]);
        ulong to = TIndex.Truncate(cpu->State.General[GeneralRegisterFile.Rdi]);
        T* source = null;
        T* target = null;
        if (TOp.UsesSource && (source = Locate<T>(cpu, from, write: false, backward, ref count)) is null)
        {
            return 0;
        }

        if (TOp.UsesTarget && (target = Locate<T>(cpu, to, TOp.Stores, backward, ref count)) is null)
        {
            return 0;
        }

        // Pointers are to the lowest element.
        ulong below = backward ? count - 1 : 0;
        ulong done = TOp.Run(cpu, op, source - below, target - below, count, backward);
        ulong bytes = done * (uint)sizeof(T);
        ulong moved = backward ? 0 - bytes : bytes;
        if (TOp.UsesSource)
        {
            cpu->State.General[GeneralRegisterFile.Rsi] = TIndex.Truncate(from + moved);
        }

        if (TOp.UsesTarget)
        {
            cpu->State.General[GeneralRegisterFile.Rdi] = TIndex.Truncate(to + moved);
        }

        return done;
    }

    // The first element, and the count reduced to what lies in its page.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T* Locate<T>(CpuContext* cpu, ulong linear, bool write, bool backward, ref ulong count)
        where T : unmanaged
    {
        TlbEntry* entry = Tlb.EntryOf(cpu->Tlb, linear);
        if (!Tlb.Hits(linear, sizeof(T), write ? entry->WriteTag : entry->ReadTag) || !Tlb.Hits(linear, 1, write ? entry->WriteTag : entry->ReadTag))
        {
            return null;
        }

        ulong offset = linear & GuestPage.OffsetMask;
        ulong room = backward ? (offset / (uint)sizeof(T)) + 1 : (GuestPage.Size - offset) / (uint)sizeof(T);
        count = Math.Min(count, room);
        return (T*)(linear + entry->Addend);
    }
}
