namespace KvmSharp.Cli;

/// <summary>A page walk in words: entry by entry, and which of them refused. The walk itself is the processor's: see <see cref="Translation"/>.</summary>
internal static class PageWalkText
{
    private const ulong Present = 1 << 0;
    private const ulong Writable = 1 << 1;
    private const ulong User = 1 << 2;
    private const ulong Large = 1 << 7;
    private const ulong ExecuteDisable = 1UL << 63;
    private const uint ErrorPresent = 1;
    private const uint ErrorReserved = 8;

    private static readonly (int Bit, string Name)[] Flags =
        [(0, "P"), (1, "R/W"), (2, "U/S"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"), (7, "PS"), (8, "G"), (63, "XD")];

    /// <summary>Describes a walk, one line for each entry and one for its end.</summary>
    /// <param name="walk">The walk.</param>
    /// <param name="access">What it was judged for.</param>
    /// <param name="special">The registers that it depended on.</param>
    public static IEnumerable<string> Lines(Translation walk, TranslationAccess access, SpecialRegisters special)
    {
        if (walk.Walk.Count == 0)
        {
            yield return $"Paging is off: linear {walk.LinearAddress:X}h is physical {walk.PhysicalAddress:X}h.";
            yield break;
        }

        bool isLong = (special.Efer & ControlBits.LongModeActive) != 0;
        bool isWide = isLong || (special.Cr4 & ControlBits.PhysicalAddressExtension) != 0;
        string mode = isLong ? "4-level paging" : isWide ? "PAE paging" : "32-bit paging";
        yield return $"Linear {walk.LinearAddress:X}h, {AccessText(access)}, by {mode} from CR3 = {special.Cr3:X}h:";
        foreach (PageTableEntry entry in walk.Walk)
        {
            int indexBits = isWide ? 9 : 10;
            int shift = 12 + (indexBits * (entry.Level - 1));
            ulong index = (walk.LinearAddress >> shift) & ((1UL << indexBits) - 1);
            index = entry.Level == 3 && !isLong ? index & 3 : index;
            yield return $"  {NameOf(entry.Level),-4} [{index,4}] at {entry.Address:X8}h = {entry.Value.ToString(isWide ? "X16" : "X8")}h  {FlagsOf(entry, isWide)}";
        }

        yield return "  " + (walk.IsValid ? Success(walk) : Refusal(walk, access, special));
    }

    /// <summary>An entry's name by its table's level.</summary>
    public static string NameOf(int level) => level switch
    {
        4 => "PML4",
        3 => "PDPT",
        2 => "PD",
        _ => "PT",
    };

    private static string AccessText(TranslationAccess access)
    {
        string what = (access & TranslationAccess.Execute) != 0 ? "a fetch" : (access & TranslationAccess.Write) != 0 ? "a write" : "a read";
        return $"{what} by {((access & TranslationAccess.User) != 0 ? "CPL 3" : "the supervisor")}";
    }

    private static string FlagsOf(PageTableEntry entry, bool isWide)
    {
        if ((entry.Value & Present) == 0)
        {
            return entry.Value == 0 ? "all 0: not present" : "P is 0: not present, the other bits are the system's own";
        }

        IEnumerable<string> set = Flags.Where(f => (entry.Value >> f.Bit & 1) != 0 && (f.Bit != 63 || isWide) && !(f.Bit == 7 && entry.Level == 1)).Select(f => f.Name);
        ulong address = entry.Value & (isWide ? 0x000F_FFFF_FFFF_F000 : 0xFFFF_F000UL);
        bool maps = entry.Level == 1 || (entry.Value & Large) != 0;
        return $"{string.Join(' ', set)}; {(maps ? "page" : "next table")} at {address:X}h";
    }

    private static string Success(Translation walk) =>
        $"=> physical {walk.PhysicalAddress:X}h, a page of {Size(walk.PageSize)}, {(walk.IsWritable ? "writable" : "read-only")}, {(walk.IsUserAccessible ? "for user and supervisor" : "for the supervisor")}.";

    private static string Size(ulong bytes) => bytes switch
    {
        1UL << 30 => "1 GiB",
        4UL << 20 => "4 MiB",
        2UL << 20 => "2 MiB",
        _ => "4 KiB",
    };

    private static string Refusal(Translation walk, TranslationAccess access, SpecialRegisters special)
    {
        PageTableEntry last = walk.Walk[^1];
        if ((walk.ErrorCode & ErrorReserved) != 0)
        {
            bool disable = (last.Value & ExecuteDisable) != 0 && (special.Efer & ControlBits.ExecuteDisableEnable) == 0;
            return $"=> refused by the {NameOf(last.Level)} entry: a reserved bit is set{(disable ? ", XD (bit 63), while EFER.NXE is 0" : string.Empty)}.";
        }

        if ((walk.ErrorCode & ErrorPresent) == 0)
        {
            return $"=> refused by the {NameOf(last.Level)} entry at {last.Address:X}h: P is 0, so nothing is mapped there.";
        }

        if ((access & TranslationAccess.User) != 0 && Lacking(walk, User) is { } supervisor)
        {
            return $"=> refused by the {NameOf(supervisor.Level)} entry: U/S is 0, a supervisor's page, and the access is made at CPL 3.";
        }

        if ((access & TranslationAccess.Execute) != 0)
        {
            PageTableEntry? disabled = walk.Walk.Cast<PageTableEntry?>().FirstOrDefault(e => (e!.Value.Value & ExecuteDisable) != 0);
            return disabled is { } entry ? $"=> refused by the {NameOf(entry.Level)} entry: XD is 1, nothing may be executed there."
                : "=> refused: CR4.SMEP is 1, the page is a user's and the processor is the supervisor.";
        }

        if ((access & TranslationAccess.Write) != 0 && Lacking(walk, Writable) is { } readOnly)
        {
            string who = (access & TranslationAccess.User) != 0 ? "." : ", and CR0.WP is 1, so the supervisor may not write either.";
            return $"=> refused by the {NameOf(readOnly.Level)} entry: R/W is 0, read-only{who}";
        }

        return "=> refused: CR4.SMAP is 1 and EFLAGS.AC 0, the page is a user's and the processor is the supervisor.";
    }

    // A PAE pointer entry carries no rights.
    private static PageTableEntry? Lacking(Translation walk, ulong right)
    {
        bool isPae = walk.Walk[0].Level == 3;
        foreach (PageTableEntry entry in walk.Walk)
        {
            if ((entry.Value & right) == 0 && !(isPae && entry.Level == 3))
            {
                return entry;
            }
        }

        return null;
    }
}
