namespace KvmSharp.Cli;

/// <summary>The fields of a descriptor or gate. Intel SDM Vol. 3A, "Segment Descriptors", "System Descriptor Types" and "IDT Descriptors".</summary>
/// <param name="read">The entry.</param>
/// <param name="isLong">Whether the processor is in long mode.</param>
internal sealed class DescriptorText(DescriptorRead read, bool isLong)
{
    private static readonly string[] SystemNames =
    [
        "reserved type 0", "available 16-bit TSS", "LDT", "busy 16-bit TSS", "16-bit call gate", "task gate", "16-bit interrupt gate", "16-bit trap gate",
        "reserved type 8", "available 32-bit TSS", "reserved type 10", "busy 32-bit TSS", "32-bit call gate", "reserved type 13", "32-bit interrupt gate", "32-bit trap gate",
    ];

    public int Type => (int)(read.Low >> 40) & 0xF;

    public bool IsCodeOrData => (read.Low >> 44 & 1) != 0;

    public int Dpl => (int)(read.Low >> 45) & 3;

    public bool IsPresent => (read.Low >> 47 & 1) != 0;

    public bool IsCode => IsCodeOrData && (Type & 8) != 0;

    public bool IsConforming => IsCode && (Type & 4) != 0;

    public bool IsReadable => IsCodeOrData && (!IsCode || (Type & 2) != 0);

    public bool IsWritableData => IsCodeOrData && !IsCode && (Type & 2) != 0;

    public bool IsCallGate => !IsCodeOrData && Type is 4 or 12;

    public bool IsEventGate => !IsCodeOrData && (isLong ? Type is 14 or 15 : Type is 5 or 6 or 7 or 14 or 15);

    public bool IsTss => !IsCodeOrData && Type is 1 or 3 or 9 or 11;

    public bool IsBusy => IsTss && (Type & 2) != 0;

    public bool IsLdt => !IsCodeOrData && Type == 2;

    /// <summary>What it is, in a few words.</summary>
    public string Kind => !IsCodeOrData ? (isLong && Type is 9 or 11 or 12 or 14 or 15 ? SystemNames[Type].Replace("32-bit", "64-bit", StringComparison.Ordinal) : SystemNames[Type])
        : IsCode ? $"{(IsConforming ? "conforming " : string.Empty)}{(IsReadable ? "readable" : "execute-only")} code"
        : $"{(IsWritableData ? "writable" : "read-only")}{((Type & 4) != 0 ? " expand-down" : string.Empty)} data";

    /// <summary>The entry on one line.</summary>
    public string Line
    {
        get
        {
            string place = $"{Title} at linear {read.Linear:X}h";
            if (!read.InTable)
            {
                return $"{place} lies beyond the limit of the table.";
            }

            if (!read.Readable)
            {
                return $"{place} cannot be read: its page is not mapped, or there is no memory.";
            }

            if (read.Table == DescriptorTableKind.Ivt)
            {
                return $"{place} leads to {read.Low >> 16 & 0xFFFF:X4}:{read.Low & 0xFFFF:X4}.";
            }

            string raw = read.High != 0 ? $"{read.High:X16}_{read.Low:X16}" : $"{read.Low:X16}";
            string rights = $"P={(IsPresent ? 1 : 0)} DPL={Dpl}";
            return IsEventGate || IsCallGate
                ? $"{place} = {raw}h: {Kind} to {read.Low >> 16 & 0xFFFF:X4}:{Offset:X}h, {rights}."
                : $"{place} = {raw}h: {Kind}, {rights}{(IsCodeOrData ? Segment : string.Empty)}.";
        }
    }

    public string Title => $"{read.Table.ToString().ToUpperInvariant()} entry {read.Index} ({(read.Table == DescriptorTableKind.Idt ? "vector" : "selector")} {(read.Table is DescriptorTableKind.Gdt or DescriptorTableKind.Ldt ? read.Index * 8 : read.Index):X}h)";

    private ulong Offset => (read.Low & 0xFFFF) | (read.Low >> 32 & 0xFFFF_0000) | (isLong ? read.High << 32 : 0);

    private string Segment
    {
        get
        {
            ulong start = (read.Low >> 16 & 0xFF_FFFF) | (read.Low >> 32 & 0xFF00_0000);
            ulong units = (read.Low & 0xFFFF) | (read.Low >> 32 & 0xF_0000);
            ulong limit = (read.Low >> 55 & 1) != 0 ? (units << 12) | 0xFFF : units;
            string size = (read.Low >> 53 & 1) != 0 ? " L=1" : $" D/B={read.Low >> 54 & 1}";
            return $" base={start:X}h limit={limit:X}h{size}";
        }
    }
}
