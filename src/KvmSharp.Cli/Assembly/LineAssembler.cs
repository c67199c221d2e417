using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Assembles a few statements of Intel syntax: instructions, labels, db, dw, dd and dq, parted by semicolons or new lines.</summary>
/// <remarks>
/// Each instruction gets its shortest encoding. Labels are resolved by passes: jumps start short and grow until no address moves.
/// Not there: macros, sections, expressions beyond + - * and brackets, and instructions of the FPU and the vector units.
/// </remarks>
/// <param name="bits">16, 32 or 64: the mode of the code.</param>
/// <param name="origin">The address of the first byte.</param>
public sealed class LineAssembler(int bits, ulong origin)
{
    private const int MostPasses = 32;
    private const int LongestInstruction = 15;

    private static readonly Dictionary<string, int> DataSizes = new(StringComparer.OrdinalIgnoreCase) { ["db"] = 1, ["dw"] = 2, ["dd"] = 4, ["dq"] = 8 };

    private readonly Dictionary<string, long> _labels = new(StringComparer.Ordinal);

    /// <summary>Assembles a text.</summary>
    /// <param name="text">The statements.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="AssemblyException">A statement is wrong.</exception>
    public byte[] Assemble(string text)
    {
        List<List<AsmToken>> statements = Lexer.Statements(text);
        DeclareLabels(statements);
        for (int pass = 0; pass < MostPasses; pass++)
        {
            if (TryPass(statements, out byte[] code))
            {
                return code;
            }
        }

        throw new AssemblyException("The addresses of the labels do not settle: give some jumps a fixed distance.");
    }

    private static bool IsLabel(List<AsmToken> statement, int at) =>
        statement.Count > at + 1 && statement[at].Kind == TokenKind.Word && statement[at + 1].Is(':')
        && !(Enum.TryParse(statement[at].Text, ignoreCase: true, out Register r) && r.IsSegmentRegister());

    private void DeclareLabels(List<List<AsmToken>> statements)
    {
        _labels.Clear();
        foreach (List<AsmToken> statement in statements)
        {
            for (int at = 0; IsLabel(statement, at); at += 2)
            {
                if (!_labels.TryAdd(statement[at].Text, (long)origin))
                {
                    throw new AssemblyException($"The label '{statement[at].Text}' is there twice.");
                }
            }
        }
    }

    // True when no label has moved, so that the code is right.
    private bool TryPass(List<List<AsmToken>> statements, out byte[] code)
    {
        var bytes = new List<byte>();
        bool settled = true;
        foreach (List<AsmToken> statement in statements)
        {
            long here = (long)origin + bytes.Count;
            int at = 0;
            for (; IsLabel(statement, at); at += 2)
            {
                settled &= _labels[statement[at].Text] == here;
                _labels[statement[at].Text] = here;
            }

            if (at < statement.Count)
            {
                bytes.AddRange(AssembleStatement(statement, at, here));
            }
        }

        code = [.. bytes];
        return settled;
    }

    private byte[] AssembleStatement(List<AsmToken> statement, int at, long here)
    {
        long? Symbol(string name) => name == "$" ? here : _labels.TryGetValue(name, out long value) ? value : null;

        var prefixes = default(Prefixes);
        while (at < statement.Count - 1 && prefixes.TryAdd(statement[at].Text))
        {
            at++;
        }

        AsmToken name = statement[at];
        if (name.Kind != TokenKind.Word)
        {
            throw new AssemblyException($"'{name.Text}' stands where an instruction should.");
        }

        var parser = new OperandParser(statement, at + 1, Symbol);
        if (DataSizes.TryGetValue(name.Text, out int size))
        {
            return Data(parser.ReadData(), size);
        }

        // The name first: a word that is no instruction is told before what stands behind it.
        Mnemonic mnemonic = Mnemonics.Find(name.Text, bits);
        return Encode(name.Text, mnemonic, parser.ReadOperands(), prefixes, (ulong)here);
    }

    private static byte[] Data(List<long> values, int size)
    {
        var bytes = new byte[values.Count * size];
        for (int i = 0; i < values.Count; i++)
        {
            long value = values[i];
            if (size < sizeof(long) && (value < -(1L << ((8 * size) - 1)) || value >= 1L << (8 * size)))
            {
                throw new AssemblyException($"{value} does not fit {size} byte(s).");
            }

            for (int lane = 0; lane < size; lane++)
            {
                bytes[(i * size) + lane] = (byte)(value >> (8 * lane));
            }
        }

        return bytes;
    }

    private byte[] Encode(string name, Mnemonic mnemonic, List<AsmOperand> operands, Prefixes prefixes, ulong here)
    {
        var candidates = new List<(byte[] Bytes, int MemorySize, bool FollowsMode)>();
        foreach (OpCodeInfo info in Mnemonics.Encodings(mnemonic))
        {
            if ((bits == 16 ? info.Mode16 : bits == 32 ? info.Mode32 : info.Mode64) && new OperandMatcher(info, bits).TryBuild(operands, out Instruction instruction))
            {
                prefixes.Apply(ref instruction);
                var sink = new ByteSink();
                if (Encoder.Create(bits, sink).TryEncode(instruction, here, out _, out _) && sink.Bytes.Count <= LongestInstruction)
                {
                    candidates.Add(([.. sink.Bytes], instruction.MemorySize.GetSize(), info.OperandSize == 0 || info.OperandSize == bits));
                }
            }
        }

        string text = $"{name} {string.Join(", ", operands.Select(o => o.Text))}".TrimEnd();
        if (candidates.Count == 0)
        {
            throw new AssemblyException($"'{text}' is no instruction of {bits}-bit code: its operands do not go with '{name}'.");
        }

        bool sizeOpen = operands.OfType<MemoryOperand>().Any(m => m.Size == 0 && !m.IsFar) && !operands.OfType<RegisterOperand>().Any();
        if (sizeOpen && candidates.Select(c => c.MemorySize).Distinct().Count() > 1 && !SizeFollowsMode(mnemonic))
        {
            throw new AssemblyException($"The size of the operand is open in '{text}': write byte, word or dword before '['.");
        }

        // When no operand tells the size, the mode does: push 5 is 32-bit in 32-bit code, though with a prefix it may be shorter.
        return candidates.OrderBy(c => !c.FollowsMode).ThenBy(c => c.Bytes.Length).First().Bytes;
    }

    // Jumps, calls and stack operations through memory, and table registers, have the size of the mode unless told otherwise.
    private static bool SizeFollowsMode(Mnemonic mnemonic) =>
        mnemonic is Mnemonic.Jmp or Mnemonic.Call or Mnemonic.Push or Mnemonic.Pop or Mnemonic.Lgdt or Mnemonic.Lidt or Mnemonic.Sgdt or Mnemonic.Sidt;

    private sealed class ByteSink : CodeWriter
    {
        public List<byte> Bytes { get; } = [];

        public override void WriteByte(byte value) => Bytes.Add(value);
    }

    private struct Prefixes
    {
        private bool _lock;
        private bool _rep;
        private bool _repne;

        public bool TryAdd(string word)
        {
            switch (word.ToUpperInvariant())
            {
                case "LOCK":
                    return _lock = true;
                case "REP" or "REPE" or "REPZ":
                    return _rep = true;
                case "REPNE" or "REPNZ":
                    return _repne = true;
                default:
                    return false;
            }
        }

        public readonly void Apply(ref Instruction instruction)
        {
            instruction.HasLockPrefix = _lock;
            instruction.HasRepPrefix = _rep;
            instruction.HasRepnePrefix = _repne;
        }
    }
}
