using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Reads the operands of one statement.</summary>
/// <param name="tokens">The statement's tokens.</param>
/// <param name="position">The index of the first operand's first token.</param>
/// <param name="symbols">Gives the value of a label, or null when there is none of that name.</param>
internal sealed class OperandParser(List<AsmToken> tokens, int position, Func<string, long?> symbols)
{
    private int _at = position;

    private bool AtEnd => _at >= tokens.Count;

    private AsmToken Current => AtEnd ? new AsmToken(TokenKind.Symbol, " ") : tokens[_at];

    /// <summary>Reads all operands, which commas part.</summary>
    public List<AsmOperand> ReadOperands()
    {
        var operands = new List<AsmOperand>();
        while (!AtEnd)
        {
            operands.Add(ReadOperand());
            if (!AtEnd)
            {
                Expect(',');
                if (AtEnd)
                {
                    throw new AssemblyException("An operand is missing behind the last ','.");
                }
            }
        }

        return operands;
    }

    /// <summary>Reads the values behind db, dw or dd; a text gives one value for each of its characters.</summary>
    public List<long> ReadData()
    {
        var values = new List<long>();
        do
        {
            if (Current.Kind == TokenKind.Text && (_at + 1 == tokens.Count || tokens[_at + 1].Is(',')))
            {
                values.AddRange(tokens[_at++].Text.Select(c => (long)c));
            }
            else
            {
                values.Add(ReadSum());
            }
        }
        while (Take(','));
        return AtEnd ? values : throw Unexpected();
    }

    private AsmOperand ReadOperand()
    {
        int start = _at;
        bool far = TakeWord("far");
        int size = ReadSize();
        far |= TakeWord("far");
        if (Current.Kind == TokenKind.Word && TryRegister(Current.Text, out Register register))
        {
            _at++;
            if (register.IsSegmentRegister() && Take(':'))
            {
                return ReadMemory(start, size, far, register); // es:[di], the other way to write it
            }

            return new RegisterOperand(Written(start), register);
        }

        if (Current.Is('['))
        {
            return ReadMemory(start, size, far, Register.None);
        }

        long value = ReadSum();
        return Take(':') ? new FarOperand(Written(start), value, ReadSum(), size) : new ImmediateOperand(Written(start), value, size);
    }

    private MemoryOperand ReadMemory(int start, int size, bool far, Register segment)
    {
        Expect('[');
        if (Current.Kind == TokenKind.Word && TryRegister(Current.Text, out Register inner) && inner.IsSegmentRegister())
        {
            _at++;
            segment = inner;
            Expect(':');
        }

        Register first = Register.None;
        Register index = Register.None;
        int scale = 1;
        long displacement = 0;
        bool negative = Take('-');
        do
        {
            if (!negative && Current.Kind == TokenKind.Word && TryRegister(Current.Text, out Register register))
            {
                _at++;
                bool scaled = Take('*');
                if (first == Register.None && !scaled)
                {
                    first = register;
                }
                else if (index == Register.None)
                {
                    (index, scale) = (register, scaled ? (int)ReadTerm() : 1);
                }
                else
                {
                    throw new AssemblyException($"'{register}' is one register too many in an address.");
                }
            }
            else
            {
                long term = ReadProduct();
                displacement += negative ? -term : term;
            }

            negative = Current.Is('-');
        }
        while (Take('+') || Take('-'));
        Expect(']');
        return new MemoryOperand(Written(start))
        {
            Size = size,
            IsFar = far,
            Segment = segment,
            Base = first,
            Index = index,
            Scale = scale,
            Displacement = displacement,
        };
    }

    private int ReadSize()
    {
        int size = Current.Is("byte") ? 1 : Current.Is("word") ? 2 : Current.Is("dword") ? 4 : Current.Is("qword") ? 8 : 0;
        if (size != 0)
        {
            _at++;
            TakeWord("ptr");
        }

        return size;
    }

    private long ReadSum()
    {
        bool negative = Take('-');
        long sum = negative ? -ReadProduct() : ReadProduct();
        while (Current.Is('+') || Current.Is('-'))
        {
            bool minus = tokens[_at++].Is('-');
            sum += minus ? -ReadProduct() : ReadProduct();
        }

        return sum;
    }

    private long ReadProduct()
    {
        long product = ReadTerm();
        while (Take('*'))
        {
            product *= ReadTerm();
        }

        return product;
    }

    private long ReadTerm()
    {
        AsmToken token = Current;
        if (AtEnd)
        {
            throw new AssemblyException($"A value is missing behind '{tokens[^1].Text}'.");
        }

        _at++;
        switch (token.Kind)
        {
            case TokenKind.Number:
                return token.Value;
            case TokenKind.Text when token.Text.Length is > 0 and <= sizeof(uint):
                return token.Text.Reverse().Aggregate(0L, (value, c) => (value << 8) | (byte)c);
            case TokenKind.Symbol when token.Is('('):
                long sum = ReadSum();
                Expect(')');
                return sum;
            case TokenKind.Word or TokenKind.Symbol when token.Kind == TokenKind.Word || token.Is('$'):
                return symbols(token.Text) ?? throw new AssemblyException($"'{token.Text}' is no register, no number and no label.");
            default:
                _at--;
                throw Unexpected();
        }
    }

    private static bool TryRegister(string text, out Register register) =>
        Enum.TryParse(text, ignoreCase: true, out register) && register != Register.None && !char.IsAsciiDigit(text[0]);

    private bool Take(char symbol)
    {
        bool found = Current.Is(symbol);
        _at += found ? 1 : 0;
        return found;
    }

    private bool TakeWord(string word)
    {
        bool found = Current.Is(word);
        _at += found ? 1 : 0;
        return found;
    }

    private void Expect(char symbol)
    {
        if (!Take(symbol))
        {
            throw AtEnd ? new AssemblyException($"A '{symbol}' is missing at the end of the statement.") : new AssemblyException($"'{Current.Text}' stands where '{symbol}' should.");
        }
    }

    private AssemblyException Unexpected() => new($"'{Current.Text}' has no meaning here.");

    private string Written(int start) => string.Concat(tokens.Skip(start).Take(_at - start).Select(t => t.Text));
}
