namespace KvmSharp.Machines;

/// <summary>Which instructions of a guest have been executed, and how often, by symbol.</summary>
/// <remarks>
/// Where an ELF file is given, the instructions of its functions that were never executed are known too: they are found by decoding each
/// function from its start. Addresses are linear; programs that share addresses are added up.
/// </remarks>
public sealed class GuestCoverage
{
    private GuestCoverage(IReadOnlyList<CoveredFunction> functions, ulong uncounted) => (Functions, Uncounted) = (functions, uncounted);

    /// <summary>Gets the functions by ascending address; what no symbol names comes last, under an empty name.</summary>
    public IReadOnlyList<CoveredFunction> Functions { get; }

    /// <summary>Gets how many instructions were executed but not counted, because too many others were.</summary>
    public ulong Uncounted { get; }

    /// <summary>Gets how many instructions there are.</summary>
    public int Instructions => Functions.Sum(static f => f.Instructions.Count);

    /// <summary>Gets how many of them were executed.</summary>
    public int Executed => Functions.Sum(static f => f.Executed);

    /// <summary>Collects what was counted.</summary>
    /// <param name="executed">What was executed.</param>
    /// <param name="symbols">The names; <see langword="null"/> for none.</param>
    /// <param name="uncounted">How many were not counted.</param>
    /// <returns>The coverage.</returns>
    public static GuestCoverage Of(IReadOnlyList<ExecutedInstruction> executed, SymbolTable? symbols, ulong uncounted = 0)
    {
        ArgumentNullException.ThrowIfNull(executed);
        var functions = new SortedDictionary<ulong, (string Name, SortedDictionary<ulong, CoveredInstruction> Body)>();
        var nameless = new SortedDictionary<ulong, CoveredInstruction>();
        foreach (ExecutedInstruction instruction in executed)
        {
            SortedDictionary<ulong, CoveredInstruction> body = nameless;
            if (symbols is not null && symbols.TryFind(instruction.Linear, out Symbol symbol))
            {
                body = BodyOf(functions, symbol);
            }

            ulong before = body.TryGetValue(instruction.Linear, out CoveredInstruction? known) ? known.Count : 0;
            string text = Disassembler.Decode(instruction.Bytes, instruction.CodeBits, instruction.Linear, most: 1)[0].Text;
            body[instruction.Linear] = new CoveredInstruction(instruction.Linear, instruction.Bytes, text, before + instruction.Count);
        }

        foreach (CodeSection section in symbols?.Code ?? [])
        {
            AddMissing(functions, symbols!, section);
        }

        IEnumerable<CoveredFunction> named = functions.Values.Select(static f => new CoveredFunction(f.Name, [.. f.Body.Values]));
        return new GuestCoverage([.. named, .. nameless.Count > 0 ? [new CoveredFunction(string.Empty, [.. nameless.Values])] : (CoveredFunction[])[]], uncounted);
    }

    private static SortedDictionary<ulong, CoveredInstruction> BodyOf(
        SortedDictionary<ulong, (string Name, SortedDictionary<ulong, CoveredInstruction> Body)> functions, Symbol symbol)
    {
        if (!functions.TryGetValue(symbol.Address, out (string Name, SortedDictionary<ulong, CoveredInstruction> Body) function))
        {
            functions.Add(symbol.Address, function = (symbol.Name, []));
        }

        return function.Body;
    }

    // What the file holds and nobody executed. Where executed instructions lie otherwise than a sweep from the start finds them, they are right.
    private static void AddMissing(
        SortedDictionary<ulong, (string Name, SortedDictionary<ulong, CoveredInstruction> Body)> functions, SymbolTable symbols, CodeSection section)
    {
        ulong end = section.Address + (ulong)section.Bytes.Length;
        Symbol[] inside = [.. symbols.Symbols.Where(s => s.IsCode && s.Address >= section.Address && s.Address < end)];
        for (int i = 0; i < inside.Length; i++)
        {
            ulong next = i + 1 < inside.Length ? inside[i + 1].Address : end;
            ulong length = inside[i].Size != 0 ? Math.Min(inside[i].Size, end - inside[i].Address) : next - inside[i].Address;
            SortedDictionary<ulong, CoveredInstruction> body = BodyOf(functions, inside[i]);
            ulong[] executed = [.. body.Keys];
            ReadOnlyMemory<byte> bytes = section.Bytes.Slice((int)(inside[i].Address - section.Address), (int)length);
            foreach (DisassembledInstruction found in Disassembler.Decode(bytes, section.CodeBits, inside[i].Address))
            {
                ulong last = found.Address + (ulong)found.Bytes.Length - 1;
                int at = Array.BinarySearch(executed, last);
                int below = at >= 0 ? at : ~at - 1;
                bool overlaps = below >= 0 && executed[below] + (ulong)body[executed[below]].Bytes.Length > found.Address;
                if (found.IsValid && !overlaps)
                {
                    body.Add(found.Address, new CoveredInstruction(found.Address, found.Bytes, found.Text, 0));
                }
            }
        }
    }
}

/// <summary>A symbol's instructions.</summary>
/// <param name="Name">The symbol; empty for what none names.</param>
/// <param name="Instructions">Its instructions by ascending address.</param>
public sealed record CoveredFunction(string Name, IReadOnlyList<CoveredInstruction> Instructions)
{
    /// <summary>Gets how many of them were executed.</summary>
    public int Executed => Instructions.Count(static i => i.Count > 0);
}

/// <summary>One instruction.</summary>
/// <param name="Address">Its linear address.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Text">It in Intel syntax.</param>
/// <param name="Count">How often it was executed.</param>
public sealed record CoveredInstruction(ulong Address, ReadOnlyMemory<byte> Bytes, string Text, ulong Count);
