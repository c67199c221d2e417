using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Memory;

/// <summary>One translation: linear page to host address. 32 bytes.</summary>
/// <remarks>
/// A tag is the linear address of the page when that kind of access may go straight to host memory, else
/// <see cref="Tlb.Never"/>. Everything that must be seen (MMIO, code pages, dirty logging, read-only slots, missing rights) is a tag that
/// does not match.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct TlbEntry
{
    public ulong ReadTag;
    public ulong WriteTag;

    /// <summary>Host address minus linear address.</summary>
    public ulong Addend;

    /// <summary>Guest-physical address of the page, with <see cref="Tlb.GlobalBit"/> for a global page; the other low bits are the table's own.</summary>
    public ulong Physical;
}

/// <summary>Behind the entries of a table: which of them were filled since they were last flushed, so that a flush costs what was filled.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TlbUse
{
    public int Count;
    public fixed ushort Places[Tlb.Entries];
}

/// <summary>The software TLB: direct-mapped, one table for supervisor and one for user accesses.</summary>
internal static unsafe class Tlb
{
    /// <summary>Entries in each table: they cover 64 MiB, and cost only what is touched. At most 65,536.</summary>
    public const int Entries = 16384;

    /// <summary>A tag that no page-aligned address equals.</summary>
    public const ulong Never = 1;

    /// <summary>Marks a translation that survives a CR3 load.</summary>
    public const ulong GlobalBit = 1;

    /// <summary>Marks an entry that <see cref="TlbUse"/> names.</summary>
    private const ulong ListedBit = 2;

    /// <summary>Gets the bytes that a table takes.</summary>
    public static ulong TableBytes => (Entries * (ulong)sizeof(TlbEntry)) + (ulong)((sizeof(TlbUse) + sizeof(TlbEntry) - 1) / sizeof(TlbEntry) * sizeof(TlbEntry));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TlbEntry* EntryOf(TlbEntry* table, ulong linear) => table + ((linear >> GuestPage.Shift) & (Entries - 1));

    /// <summary>Tests whether an access that may straddle two pages hits a tag: both ends must lie in the page.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="tag">The tag.</param>
    /// <returns>Whether it hits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Hits(ulong linear, int size, ulong tag) => ((linear + (uint)(size - 1)) & ~(ulong)GuestPage.OffsetMask) == tag;

    /// <summary>Prepares a table whose memory is all zero, without touching it.</summary>
    /// <remarks>
    /// The tag 0 would do for page 0 alone, which looks at the first entry, and for an access that runs over the end of the address space into
    /// page 0, which looks at the last.
    /// </remarks>
    /// <param name="table">The table.</param>
    public static void Initialize(TlbEntry* table)
    {
        table[0].ReadTag = table[0].WriteTag = Never;
        table[Entries - 1].ReadTag = table[Entries - 1].WriteTag = Never;
    }

    /// <summary>Sets the translation of a page.</summary>
    /// <param name="table">The table.</param>
    /// <param name="page">The linear address of the page.</param>
    /// <param name="filled">The translation.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill(TlbEntry* table, ulong page, in TlbEntry filled)
    {
        TlbEntry* entry = EntryOf(table, page);
        if ((entry->Physical & ListedBit) == 0)
        {
            TlbUse* use = UseOf(table);
            use->Places[use->Count++] = (ushort)(entry - table);
        }

        *entry = filled;
        entry->Physical |= ListedBit;
    }

    /// <summary>Forgets everything, or everything that is not global.</summary>
    /// <param name="table">The table.</param>
    /// <param name="keepGlobal">Whether global pages stay.</param>
    public static void Flush(TlbEntry* table, bool keepGlobal)
    {
        TlbUse* use = UseOf(table);
        int kept = 0;
        for (int i = 0; i < use->Count; i++)
        {
            ushort place = use->Places[i];
            if (keepGlobal && (table[place].Physical & GlobalBit) != 0)
            {
                use->Places[kept++] = place;
                continue;
            }

            table[place] = new TlbEntry { ReadTag = Never, WriteTag = Never };
        }

        use->Count = kept;
    }

    /// <summary>Forgets one linear page.</summary>
    /// <param name="table">The table.</param>
    /// <param name="linear">Any address in the page.</param>
    public static void FlushPage(TlbEntry* table, ulong linear)
    {
        TlbEntry* entry = EntryOf(table, linear);
        entry->ReadTag = Never;
        entry->WriteTag = Never;
    }

    /// <summary>Makes every write look again: the page now holds code, is shared, or is to be logged.</summary>
    /// <param name="table">The table.</param>
    /// <param name="physicalPage">The guest-physical page, or null for all pages.</param>
    public static void ForbidWrites(TlbEntry* table, ulong? physicalPage)
    {
        TlbUse* use = UseOf(table);
        for (int i = 0; i < use->Count; i++)
        {
            TlbEntry* entry = table + use->Places[i];
            if (physicalPage is null || (entry->Physical & ~(ulong)GuestPage.OffsetMask) == physicalPage)
            {
                entry->WriteTag = Never;
            }
        }
    }

    /// <summary>Forgets every translation to a physical page, which lies elsewhere in the host now.</summary>
    /// <param name="table">The table.</param>
    /// <param name="physicalPage">The guest-physical page.</param>
    public static void ForgetPlace(TlbEntry* table, ulong physicalPage)
    {
        TlbUse* use = UseOf(table);
        for (int i = 0; i < use->Count; i++)
        {
            TlbEntry* entry = table + use->Places[i];
            if ((entry->Physical & ~(ulong)GuestPage.OffsetMask) == physicalPage)
            {
                entry->ReadTag = Never;
                entry->WriteTag = Never;
            }
        }
    }

    private static TlbUse* UseOf(TlbEntry* table) => (TlbUse*)(table + Entries);
}
