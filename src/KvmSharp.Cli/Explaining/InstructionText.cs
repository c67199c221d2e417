using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Instructions in Intel syntax.</summary>
internal static class InstructionText
{
    /// <summary>Decodes the first instruction of some bytes.</summary>
    public static Instruction Decode(ReadOnlySpan<byte> code, int bits, ulong rip)
    {
        Decoder decoder = Decoder.Create(bits, code.ToArray());
        decoder.IP = rip;
        return decoder.Decode();
    }

    public static string Of(in Instruction instruction)
    {
        var output = new StringOutput();
        new NasmFormatter().Format(instruction, output);
        return output.ToStringAndReset();
    }

    /// <summary>The first instruction of some bytes, or what stands in its place.</summary>
    public static string Of(ReadOnlySpan<byte> code, int bits, ulong rip)
    {
        if (code.IsEmpty)
        {
            return "(not readable)";
        }

        Instruction instruction = Decode(code, bits, rip);
        return instruction.IsInvalid ? "(no instruction)" : Of(instruction);
    }
}
