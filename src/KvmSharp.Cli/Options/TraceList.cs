using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Reads the value of --trace.</summary>
internal static class TraceList
{
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
                "unmapped" => TraceKinds.Unmapped,
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
}
