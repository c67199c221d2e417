namespace KvmSharp.Conformance.Records;

/// <summary>Recognizes string instructions by their bytes. Intel SDM Vol. 2A, "Instruction Prefixes".</summary>
internal static class StringInstruction
{
    /// <summary>Looks at the prefixes and the opcode.</summary>
    /// <param name="code">An instruction. REX prefixes are passed over in any mode: where they are INC and DEC, nothing follows them.</param>
    /// <param name="repeats">Whether it has a repeat prefix.</param>
    /// <returns>Whether it is a string instruction.</returns>
    public static bool Matches(ReadOnlySpan<byte> code, out bool repeats)
    {
        repeats = false;
        foreach (byte b in code)
        {
            switch (b)
            {
                case 0xF2 or 0xF3:
                    repeats = true;
                    break;
                case 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65 or 0x66 or 0x67 or 0xF0 or (>= 0x40 and <= 0x4F):
                    break;
                default:
                    return b is (>= 0x6C and <= 0x6F) or (>= 0xA4 and <= 0xA7) or (>= 0xAA and <= 0xAF);
            }
        }

        return false;
    }
}
