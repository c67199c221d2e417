using Iced.Intel;

namespace KvmSharp;

/// <summary>Turns guest bytes into instructions in Intel syntax.</summary>
public static class Disassembler
{
    /// <summary>Decodes one instruction after the other.</summary>
    /// <param name="code">The bytes.</param>
    /// <param name="codeBits">How they are decoded: 16, 32 or 64.</param>
    /// <param name="address">The address of the first one, as the code itself sees it.</param>
    /// <param name="most">The most instructions to decode.</param>
    /// <returns>The instructions. A byte at which none begins is one of its own, with the text <c>db</c>; so are the bytes of one that is cut off.</returns>
    public static IReadOnlyList<DisassembledInstruction> Decode(ReadOnlyMemory<byte> code, int codeBits, ulong address, int most = int.MaxValue)
    {
        var found = new List<DisassembledInstruction>();
        byte[] bytes = code.ToArray();
        var reader = new ByteArrayCodeReader(bytes);
        Decoder decoder = Decoder.Create(codeBits, reader);
        var formatter = new NasmFormatter();
        var output = new StringOutput();
        int at = 0;
        while (at < bytes.Length && found.Count < most)
        {
            decoder.IP = address + (ulong)at;
            reader.Position = at;
            decoder.Decode(out Instruction instruction);
            bool valid = !instruction.IsInvalid;
            int length = valid ? instruction.Length : 1;
            if (valid)
            {
                formatter.Format(instruction, output);
            }

            string text = valid ? output.ToStringAndReset() : $"db {bytes[at]:X2}h";
            found.Add(new DisassembledInstruction(address + (ulong)at, code.Slice(at, length), text, valid));
            at += length;
        }

        return found;
    }
}

/// <summary>One instruction.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Text">It in Intel syntax.</param>
/// <param name="IsValid">Whether it is one; else a byte that is none.</param>
public readonly record struct DisassembledInstruction(ulong Address, ReadOnlyMemory<byte> Bytes, string Text, bool IsValid);
