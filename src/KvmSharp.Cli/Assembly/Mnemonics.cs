using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Finds an instruction by the name a person writes, of which Iced knows only one for each.</summary>
internal static class Mnemonics
{
    // Intel SDM Vol. 2, "Jcc", "SETcc", "CMOVcc": the conditions that have several names.
    private static readonly Dictionary<string, string> Conditions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["z"] = "e",
        ["nz"] = "ne",
        ["c"] = "b",
        ["nae"] = "b",
        ["nc"] = "ae",
        ["nb"] = "ae",
        ["na"] = "be",
        ["nbe"] = "a",
        ["pe"] = "p",
        ["po"] = "np",
        ["nge"] = "l",
        ["nl"] = "ge",
        ["ng"] = "le",
        ["nle"] = "g",
    };

    private static readonly Dictionary<string, Mnemonic> Others = new(StringComparer.OrdinalIgnoreCase)
    {
        ["loopz"] = Mnemonic.Loope,
        ["loopnz"] = Mnemonic.Loopne,
        ["xlat"] = Mnemonic.Xlatb,
        ["retn"] = Mnemonic.Ret,
        ["icebp"] = Mnemonic.Int1,
        ["fwait"] = Mnemonic.Wait,
    };

    // Without a size letter these have the size of the mode; Iced's plain names are the 16-bit forms.
    private static readonly Dictionary<Mnemonic, Mnemonic> In32BitCode = new()
    {
        [Mnemonic.Iret] = Mnemonic.Iretd,
        [Mnemonic.Pushf] = Mnemonic.Pushfd,
        [Mnemonic.Popf] = Mnemonic.Popfd,
        [Mnemonic.Pusha] = Mnemonic.Pushad,
        [Mnemonic.Popa] = Mnemonic.Popad,
    };

    private static readonly Dictionary<Mnemonic, Mnemonic> In64BitCode = new()
    {
        [Mnemonic.Iret] = Mnemonic.Iretq,
        [Mnemonic.Pushf] = Mnemonic.Pushfq,
        [Mnemonic.Popf] = Mnemonic.Popfq,
    };

    private static readonly string[] Stems = ["cmov", "set", "j"];

    private static readonly Lazy<ILookup<Mnemonic, OpCodeInfo>> AllEncodings = new(() => Enum.GetValues<Code>()
        .Select(code => code.ToOpCode())
        .Where(info => info.IsInstruction && info.DecoderOption == DecoderOptions.None && info.Encoding == EncodingKind.Legacy && (info.Mode16 || info.Mode32 || info.Mode64))
        .ToLookup(info => info.Mnemonic));

    /// <summary>Finds an instruction, in the form of the mode when it has no operand to tell.</summary>
    public static Mnemonic Find(string name, int bits)
    {
        Mnemonic found = Find(name);
        return bits switch
        {
            32 => In32BitCode.GetValueOrDefault(found, found),
            64 => In64BitCode.GetValueOrDefault(found, found),
            _ => found,
        };
    }

    /// <summary>All encodings of an instruction, without those that only some old processors had.</summary>
    public static IEnumerable<OpCodeInfo> Encodings(Mnemonic mnemonic) => AllEncodings.Value[mnemonic];

    private static Mnemonic Find(string name)
    {
        if (Others.TryGetValue(name, out Mnemonic mnemonic))
        {
            return mnemonic;
        }

        foreach (string stem in Stems)
        {
            if (name.StartsWith(stem, StringComparison.OrdinalIgnoreCase) && Conditions.TryGetValue(name[stem.Length..], out string? condition))
            {
                name = stem + condition;
                break;
            }
        }

        return Enum.TryParse(name, ignoreCase: true, out mnemonic) && mnemonic != Mnemonic.INVALID && !char.IsAsciiDigit(name[0])
            ? mnemonic
            : throw new AssemblyException($"'{name}' is no instruction.");
    }
}
