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

    /// <summary>Guest-physical address of the page, with <see cref="Tlb.GlobalBit"/> for a global page.</summary>
    public ulong Physical;
}

/// <summary>The software TLB: direct-mapped, one table for supervisor and one for user accesses.</summary>
internal static unsafe class Tlb
{
    /// <summary>Entries in each table.</summary>
    public const int Entries = 1024;

    /// <summary>A tag that no page-aligned address equals.</summary>
    public const ulong Never = 1;

    /// <summary>Marks a translation that survives a CR3 load.</summary>
    public const ulong GlobalBit = 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TlbEntry* EntryOf(TlbEntry* table, ulong linear) => table + ((linear >> GuestPage.Shift) & (Entries - 1));

    /// <summary>Tests whether an access that may straddle two pages hits a tag: both ends must lie in the page.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="tag">The tag.</param>
    /// <returns>Whether it hits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Hits(ulong linear, int size, ulong tag) => ((linear + (uint)(size - 1)) & ~(ulong)GuestPage.OffsetMask) == tag;

    /// <summary>Forgets everything, or everything that is not global.</summary>
    /// <param name="table">The table.</param>
    /// <param name="keepGlobal">Whether global pages stay.</param>
    public static void Flush(TlbEntry* table, bool keepGlobal)
    {
        for (int i = 0; i < Entries; i++)
        {
            if (!keepGlobal || (table[i].Physical & GlobalBit) == 0)
            {
                table[i].ReadTag = Never;
                table[i].WriteTag = Never;
            }
        }
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
        for (int i = 0; i < Entries; i++)
        {
            if (physicalPage is null || (table[i].Physical & ~GlobalBit) == physicalPage)
            {
                table[i].WriteTag = Never;
            }
        }
    }
}
