using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds a 32-bit ELF executable with a section of code and symbols; single fields may be spoilt.</summary>
internal sealed class SymbolElf
{
    public const uint Address = 0x10_0000;
    private const int HeaderBytes = 52;
    private const int SegmentBytes = 32;
    private const int SectionBytes = 40;
    private const int CodeOffset = HeaderBytes + SegmentBytes;

    private readonly List<(string Name, uint Address, uint Size, byte Type)> _symbols = [];

    /// <summary>Gets the code, loaded to <see cref="Address"/> and entered there.</summary>
    public required byte[] Code { get; init; }

    /// <summary>Gets what spoils the section headers: number, and offset and value of a 32-bit field.</summary>
    public (int Section, int Field, uint Value)? Spoilt { get; init; }

    public SymbolElf With(string name, uint offset, uint size = 0, byte type = 2)
    {
        _symbols.Add((name, Address + offset, size, type));
        return this;
    }

    public ImageFile Build()
    {
        var names = new List<byte> { 0 };
        var symbols = new List<byte>(new byte[16]);
        foreach ((string name, uint address, uint size, byte type) in _symbols)
        {
            var entry = new byte[16];
            Write(entry, 0, (uint)names.Count);
            Write(entry, 4, address);
            Write(entry, 8, size);
            entry[12] = type;
            entry[14] = 1;
            symbols.AddRange(entry);
            names.AddRange([.. Encoding.ASCII.GetBytes(name), 0]);
        }

        byte[] sectionNames = Encoding.ASCII.GetBytes("\0.text\0");
        int symbolsAt = CodeOffset + Code.Length;
        int namesAt = symbolsAt + symbols.Count;
        int sectionNamesAt = namesAt + names.Count;
        int tableAt = sectionNamesAt + sectionNames.Length;
        byte[] sections =
        [
            .. new byte[SectionBytes],
            .. Section(1, 1, 6, Address, CodeOffset, Code.Length, 0),
            .. Section(0, 2, 0, 0, symbolsAt, symbols.Count, 3),
            .. Section(0, 3, 0, 0, namesAt, names.Count, 0),
            .. Section(0, 3, 0, 0, sectionNamesAt, sectionNames.Length, 0),
        ];
        if (Spoilt is { } spoilt)
        {
            Write(sections, (spoilt.Section * SectionBytes) + spoilt.Field, spoilt.Value);
        }

        byte[] header = new byte[CodeOffset];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1 }.CopyTo(header, 0);
        Write(header, 16, 2 | (3 << 16));
        Write(header, 24, Address);
        Write(header, 28, HeaderBytes);
        Write(header, 32, (uint)tableAt);
        Write(header, 40, HeaderBytes | (SegmentBytes << 16));
        Write(header, 44, 1 | (SectionBytes << 16));
        Write(header, 48, 5 | (4 << 16));
        Write(header, 52, 1);
        Write(header, 56, CodeOffset);
        Write(header, 60, Address);
        Write(header, 64, Address);
        Write(header, 68, (uint)Code.Length);
        Write(header, 72, (uint)Code.Length);
        return new ImageFile("test.elf", (byte[])[.. header, .. Code, .. symbols, .. names, .. sectionNames, .. sections]);
    }

    private static byte[] Section(uint name, uint type, uint flags, uint address, int offset, int length, uint link)
    {
        var header = new byte[SectionBytes];
        uint[] fields = [name, type, flags, address, (uint)offset, (uint)length, link];
        for (int i = 0; i < fields.Length; i++)
        {
            Write(header, 4 * i, fields[i]);
        }

        return header;
    }

    private static void Write(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);
}
