using System.Globalization;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary><c>monitor walk</c>: a translation entry by entry. Intel SDM Vol. 3A, "Paging".</summary>
internal static class WalkReport
{
    private static readonly (int Bit, string Name)[] EntryBits =
        [(0, "P"), (1, "RW"), (2, "US"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"), (8, "G"), (63, "XD")];

    private static readonly (int Bit, string Name)[] ErrorBits = [(0, "protection"), (1, "write"), (2, "user"), (3, "reserved bit"), (4, "fetch")];

    /// <summary>Walks the tables of a processor without a mark in them.</summary>
    public static string Write(VirtualCpu vcpu, ulong address)
    {
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        Translation translation = vcpu.Translate(address);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"linear {address:x}: {ProcessorMode.DescribePaging(special)}, CR3 {special.Cr3:x}\n");
        foreach (PageTableEntry entry in translation.Walk)
        {
            bool isLarge = entry.Level > 1 && translation.IsValid && entry == translation.Walk[^1];
            text.Append(CultureInfo.InvariantCulture, $"  level {entry.Level}: entry at {entry.Address:x} is {entry.Value:x16}  {Names(EntryBits, entry.Value)}{(isLarge ? " PS" : string.Empty)}\n");
        }

        if (translation.IsValid)
        {
            text.Append(CultureInfo.InvariantCulture, $"  physical {translation.PhysicalAddress:x}, page of {translation.PageSize >> 10} KiB, ");
            text.Append(translation.IsWritable ? "writable, " : "read-only, ");
            return text.Append(translation.IsUserAccessible ? "user\n" : "supervisor only\n").ToString();
        }

        string reasons = Names(ErrorBits, translation.ErrorCode);
        text.Append(CultureInfo.InvariantCulture, $"  not mapped for a read by CPL 0: page fault, error code {translation.ErrorCode:x} ({(reasons.Length == 0 ? "not present" : reasons)})\n");
        return text.ToString();
    }

    private static string Names((int Bit, string Name)[] bits, ulong value) =>
        string.Join(' ', bits.Where(b => ((value >> b.Bit) & 1) != 0).Select(static b => b.Name));
}
