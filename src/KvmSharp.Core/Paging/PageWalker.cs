using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Paging;

/// <summary>Walks page tables: index, read the entry, combine the rights, descend; then permission, then Accessed and Dirty.</summary>
internal static class PageWalker
{
    /// <summary>Translates a linear page.</summary>
    /// <typeparam name="TMode">The paging mode.</typeparam>
    /// <typeparam name="TTables">How tables are reached: a structure, so that each entry is read without a call.</typeparam>
    /// <param name="tables">Where the tables lie.</param>
    /// <param name="registers">The registers that a walk depends on.</param>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">What is to be done there.</param>
    /// <param name="steps">Receives the entries met, if not empty: at least <see cref="IPagingMode.Levels"/> places.</param>
    /// <returns>The translation or the page fault.</returns>
    [SkipLocalsInit]
    public static WalkResult Walk<TMode, TTables>(TTables tables, in PagingRegisters registers, ulong linear, PageAccess access, Span<WalkStep> steps = default)
        where TMode : struct, IPagingMode
        where TTables : IPageTables
    {
        var rights = new PageRights(registers, TMode.HasExecuteDisable);
        Span<WalkStep> met = stackalloc WalkStep[TMode.Levels];
        ulong table = registers.Cr3 & TMode.RootMask;
        int shift = GuestPage.Shift + (TMode.IndexBits * (TMode.Levels - 1));
        ulong used = PageEntry.Accessed; // while every entry says so
        for (int level = TMode.Levels; ; level--, shift -= TMode.IndexBits)
        {
            int depth = TMode.Levels - level;
            ulong index = (linear >> shift) & ((1UL << TMode.IndexBits) - 1);
            ulong place = table + (index * (ulong)TMode.EntryBytes);
            ulong entry = tables.ReadEntry(place, TMode.EntryBytes);
            met[depth] = new WalkStep(level, place, entry);
            if (!steps.IsEmpty)
            {
                steps[depth] = met[depth];
            }

            if ((entry & PageEntry.Present) == 0)
            {
                return WalkResult.Fault(rights.ErrorOf(access), depth + 1);
            }

            bool large = level > 1 && (entry & PageEntry.Large) != 0 && TMode.MayBeLarge(level, registers.Cr4);
            if ((entry & (TMode.Reserved(level, large) | rights.ReservedBit)) != 0)
            {
                return WalkResult.Fault(rights.ErrorOf(access) | PageFaultError.Present | PageFaultError.Reserved, depth + 1);
            }

            if (TMode.HasRights(level))
            {
                rights.Combine(entry);
                used &= entry;
            }

            if (level > 1 && !large)
            {
                table = entry & TMode.AddressMask;
                continue;
            }

            if (!rights.Allow(access))
            {
                return WalkResult.Fault(rights.ErrorOf(access) | PageFaultError.Present, depth + 1);
            }

            bool write = (access & PageAccess.Write) != 0;
            bool isMarked = used != 0 && (!write || (entry & PageEntry.Dirty) != 0);
            if (!isMarked && (access & PageAccess.Quiet) == 0)
            {
                MarkUsed<TMode, TTables>(tables, met[..(depth + 1)], write);
            }

            return new WalkResult
            {
                Physical = TMode.PageOf(entry, shift) | (linear & ((1UL << shift) - 1)),
                PageShift = shift,
                Steps = depth + 1,
                MayWrite = rights.Allow(access | PageAccess.Write) && (write || (entry & PageEntry.Dirty) != 0),
                IsGlobal = (entry & PageEntry.Global) != 0 && (registers.Cr4 & Cr4.PageGlobalEnable) != 0,
                IsWritable = rights.IsWritable,
                IsUser = rights.IsUser,
            };
        }
    }

    private static void MarkUsed<TMode, TTables>(TTables tables, ReadOnlySpan<WalkStep> met, bool write)
        where TMode : struct, IPagingMode
        where TTables : IPageTables
    {
        for (int depth = 0; depth < met.Length; depth++)
        {
            if (!TMode.HasRights(met[depth].Level))
            {
                continue;
            }

            ulong bits = PageEntry.Accessed | (write && depth == met.Length - 1 ? PageEntry.Dirty : 0);
            if ((met[depth].Entry & bits) != bits)
            {
                tables.SetBits(met[depth].EntryAddress, bits, TMode.EntryBytes);
            }
        }
    }
}
