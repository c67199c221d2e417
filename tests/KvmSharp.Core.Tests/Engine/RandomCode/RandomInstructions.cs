using Iced.Intel;

namespace KvmSharp.Tests.Engine.RandomCode;

/// <summary>Makes code: pure noise, or instructions of random prefix, opcode, operands and immediate that the decoder takes.</summary>
/// <param name="random">The source of everything.</param>
internal sealed class RandomInstructions(Random random)
{
    private const int MaxLength = 15;
    private const int LineLength = 0x400 - 1; // not a divisor of the page: instructions run across its end
    private static readonly byte[] Prefixes = [0x66, 0x66, 0x66, 0xF2, 0xF3, 0xF2, 0xF3, 0x67, 0xF0, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65];

    // Noise seldom makes loops, far transfers and string instructions that get anywhere; these do.
    private static readonly byte[] Useful =
        [0x0F, 0x9D, 0xCF, 0xCD, 0xF3, 0xF2, 0xA4, 0xAA, 0x6C, 0x6E, 0xEB, 0xE8, 0xC3, 0x74, 0xE2, 0xF0, 0x8E, 0x22, 0x66, 0x67, 0xFB, 0xFA, 0xFF, 0x9A];

    private readonly byte[] _candidate = new byte[MaxLength];

    /// <summary>Fills a page, every other time with noise.</summary>
    /// <param name="page">The page.</param>
    /// <param name="bits">16, 32 or 64: what the instructions shall be valid for.</param>
    public void Fill(byte[] page, int bits)
    {
        random.NextBytes(page);
        if (random.Next(2) == 0)
        {
            for (int i = random.Next(800); i > 0; i--)
            {
                page[random.Next(page.Length)] = Useful[random.Next(Useful.Length)];
            }

            return;
        }

        // The budget of a stream ends long before a page does: one line of instructions, again and again.
        int at = 0;
        while (at < LineLength)
        {
            Instruction instruction = Next(bits);
            if (!instruction.IsInvalid || random.Next(16) == 0)
            {
                _candidate.AsSpan(0, instruction.Length).CopyTo(page.AsSpan(at));
                at += instruction.Length;
            }
        }

        for (int copy = LineLength; copy < page.Length; copy += LineLength)
        {
            page.AsSpan(0, Math.Min(LineLength, page.Length - copy)).CopyTo(page.AsSpan(copy));
        }
    }

    /// <summary>Makes one candidate.</summary>
    /// <param name="bits">What to decode it for.</param>
    /// <returns>The instruction, which may be invalid.</returns>
    public Instruction Next(int bits)
    {
        random.NextBytes(_candidate);
        int at = 0;
        while (at < 4 && random.Next(3) == 0)
        {
            _candidate[at++] = Prefixes[random.Next(Prefixes.Length)];
        }

        if (bits == 64 && random.Next(2) == 0)
        {
            _candidate[at++] = (byte)(0x40 | random.Next(16));
        }

        at = WriteOpcode(at);
        WriteOperands(at, bits);
        return Decoder.Create(bits, _candidate).Decode();
    }

    // The maps of SDM Vol. 2D, "Opcode Map"; the VEX map holds BMI1.
    private int WriteOpcode(int at)
    {
        switch (random.Next(12))
        {
            case < 4:
                break;
            case < 8:
                _candidate[at++] = 0x0F;
                break;
            case 8:
                _candidate[at++] = 0x0F;
                _candidate[at++] = 0x38;
                break;
            case 9:
                _candidate[at++] = 0x0F;
                _candidate[at++] = 0x3A;
                break;
            case 10:
                _candidate[at++] = 0xC4;
                _candidate[at++] = (byte)(0xE2 ^ (random.Next(8) << 5));
                _candidate[at++] &= 0xFB; // VEX.L = 0
                _candidate[at++] = (byte)(0xF2 + random.Next(6));
                return at;
            default:
                _candidate[at++] = (byte)(0xD8 + random.Next(8));
                return at;
        }

        return at + 1; // the opcode itself is noise
    }

    // Displacements are small: registers point into RAM, and there the operand shall be.
    private void WriteOperands(int at, int bits)
    {
        byte modRm = _candidate[at++];
        bool hasSib = bits != 16 && modRm < 0xC0 && (modRm & 7) == 4;
        bool hasDisplacement = modRm < 0xC0 && (modRm >= 0x80 || (modRm & 7) is 5 or 6);
        at += hasSib ? 1 : 0;
        if (bits != 16 && hasDisplacement)
        {
            _candidate[at + 2] = (byte)random.Next(3);
            _candidate[at + 3] = 0;
        }
    }
}
