using KvmSharp.Cpu;

namespace KvmSharp.Paging;

/// <summary>Walks page tables: index, read the entry, combine the rights, descend; then permission, then Accessed and Dirty.</summary>
internal static class PageWalker
{
    /// <summary>Translates a linear page.</summary>
    /// <typeparam name="TMode">The paging mode.</typeparam>
    /// <param name="tables">Where the tables lie.</param>
    /// <param name="registers">CR0, CR3 and CR4.</param>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">What is to be done there.</param>
    /// <param name="steps">Receives the entries met, if not empty: at least <see cref="IPagingMode.Levels"/> places.</param>
    /// <returns>The translation or the page fault.</returns>
    public static WalkResult Walk<TMode>(IPageTables tables, in PagingRegisters registers, ulong linear, PageAccess access, Span<WalkStep> steps = default)
        where TMode : struct, IPagingMode
    {
        ulong table = registers.Cr3 & TMode.AddressMask;
        ulong rights = PageEntry.Writable | PageEntry.User;
        Span<ulong> places = stackalloc ulong[TMode.Levels];
        Span<ulong> entries = stackalloc ulong[TMode.Levels];
        int shift = Memory.GuestPage.Shift + (TMode.IndexBits * (TMode.Levels - 1));
        for (int level = TMode.Levels; ; level--, shift -= TMode.IndexBits)
        {
            int depth = TMode.Levels - level;
            ulong index = (linear >> shift) & ((1UL << TMode.IndexBits) - 1);
            ulong place = table + (index * (ulong)TMode.EntryBytes);
            ulong entry = tables.ReadEntry(place, TMode.EntryBytes);
            places[depth] = place;
            entries[depth] = entry;
            if (!steps.IsEmpty)
            {
                steps[depth] = new WalkStep(level, place, entry);
            }

            if ((entry & PageEntry.Present) == 0)
            {
                return WalkResult.Fault(access, 0, depth + 1);
            }

            rights &= entry;
            bool large = level > 1 && (entry & PageEntry.Large) != 0 && TMode.MayBeLarge(level, registers.Cr4);
            if (large && (entry & TMode.ReservedInLarge(level)) != 0)
            {
                return WalkResult.Fault(access, PageFaultError.Present | PageFaultError.Reserved, depth + 1);
            }

            if (level > 1 && !large)
            {
                table = entry & TMode.AddressMask;
                continue;
            }

            if (!Allows(rights, registers.Cr0, access))
            {
                return WalkResult.Fault(access, PageFaultError.Present, depth + 1);
            }

            bool write = (access & PageAccess.Write) != 0;
            if ((access & PageAccess.Quiet) == 0)
            {
                MarkUsed(tables, places, entries, depth, write, TMode.EntryBytes);
            }

            ulong inPage = (1UL << shift) - 1;
            return new WalkResult
            {
                Physical = (entry & TMode.AddressMask & ~inPage) | (linear & inPage),
                PageShift = shift,
                Steps = depth + 1,
                MayWrite = Allows(rights, registers.Cr0, access | PageAccess.Write) && (write || (entry & PageEntry.Dirty) != 0),
                IsGlobal = (entry & PageEntry.Global) != 0 && (registers.Cr4 & Cr4.PageGlobalEnable) != 0,
                IsWritable = (rights & PageEntry.Writable) != 0,
                IsUser = (rights & PageEntry.User) != 0,
            };
        }
    }

    // Intel SDM Vol. 3A, "Determination of Access Rights": a supervisor may read everything and, with WP clear, write everything.
    private static bool Allows(ulong rights, ulong cr0, PageAccess access)
    {
        bool user = (access & PageAccess.User) != 0;
        bool write = (access & PageAccess.Write) != 0;
        if (user && (rights & PageEntry.User) == 0)
        {
            return false;
        }

        return !write || (rights & PageEntry.Writable) != 0 || (!user && (cr0 & Cr0.WriteProtect) == 0);
    }

    private static void MarkUsed(IPageTables tables, Span<ulong> places, Span<ulong> entries, int leaf, bool write, int entryBytes)
    {
        for (int depth = 0; depth <= leaf; depth++)
        {
            ulong bits = PageEntry.Accessed | (write && depth == leaf ? PageEntry.Dirty : 0);
            if ((entries[depth] & bits) != bits)
            {
                tables.SetBits(places[depth], bits, entryBytes);
            }
        }
    }
}
