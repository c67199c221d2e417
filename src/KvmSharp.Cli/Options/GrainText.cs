using KvmSharp.Lockstep;

namespace KvmSharp.Cli;

/// <summary>Reads the value of --grain.</summary>
internal static class GrainText
{
    /// <summary>The grain when none is given: short enough to search, long enough that comparing costs little.</summary>
    public const ulong Default = 4096;

    public static bool TryParse(string text, out LockstepGrain? grain)
    {
        bool isCount = Quantities.TryParseCount(text, out ulong count);
        grain = text switch
        {
            "block" => LockstepGrain.Block,
            "instruction" => LockstepGrain.Of(1),
            _ => LockstepGrain.Of(isCount ? count : Default),
        };
        return isCount || text is "block" or "instruction";
    }
}
