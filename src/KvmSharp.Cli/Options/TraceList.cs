using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Reads the values of --trace and --trace-memory.</summary>
internal static class TraceList
{
    public const string Words = "exits, interrupts, faults, halts, memory, console, unmapped, events (all these) or instructions";

    public static bool TryParse(string text, out TraceKinds kinds)
    {
        kinds = TraceKinds.None;
        foreach (string word in text.Split(','))
        {
            TraceKinds kind = word switch
            {
                "exits" => TraceKinds.Exits,
                "instructions" => TraceKinds.Instructions,
                "interrupts" => TraceKinds.Interrupts,
                "faults" => TraceKinds.Faults,
                "halts" => TraceKinds.Halts,
                "memory" => TraceKinds.Memory,
                "console" => TraceKinds.Console,
                "unmapped" => TraceKinds.Unmapped,
                "events" => TraceKinds.Events,
                _ => TraceKinds.None,
            };
            if (kind == TraceKinds.None)
            {
                return false;
            }

            kinds |= kind;
        }

        return true;
    }

    /// <summary>Reads ranges such as 0x1000+16,0xB8000+4000.</summary>
    public static bool TryParseRanges(string text, out IReadOnlyList<ObservedRange> ranges)
    {
        var found = new List<ObservedRange>();
        ranges = found;
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('+');
            ulong length = 1;
            if (ends.Length > 2 || !Quantities.TryParseWide(ends[0], out ulong start) || (ends.Length == 2 && !Quantities.TryParseWide(ends[1], out length))
                || length == 0 || start >= VirtualMachine.AddressSpaceEnd || length > VirtualMachine.AddressSpaceEnd - start)
            {
                return false;
            }

            found.Add(new ObservedRange(start, length));
        }

        return true;
    }
}
