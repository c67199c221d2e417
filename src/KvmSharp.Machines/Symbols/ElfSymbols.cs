using System.Text;

namespace KvmSharp.Machines;

/// <summary>Reads the symbols and the code of an ELF file. Source: System V ABI, "Sections" and "Symbol Table".</summary>
internal static class ElfSymbols
{
    private const int IdentClass = 4;
    private const byte Class64 = 2;
    private const int NameOffset = 0;
    private const int TypeOffset = 4;
    private const int FlagsOffset = 8;
    private const uint TypeSymbols = 2;   // SHT_SYMTAB
    private const uint TypeProgram = 1;   // SHT_PROGBITS
    private const uint FlagExecutable = 4; // SHF_EXECINSTR
    private const byte TypeSection = 3;   // STT_SECTION
    private const byte TypeFile = 4;      // STT_FILE
    private const int LongestName = 1024;

    /// <summary>Reads an ELF file of either class, whatever its type.</summary>
    /// <exception cref="ImageException">A section is malformed.</exception>
    public static SymbolTable Read(ImageFile file)
    {
        ReadOnlyMemory<byte> image = file.Bytes;
        ReadOnlySpan<byte> bytes = image.Span;
        ElfLayout layout = bytes.Length > IdentClass && bytes[IdentClass] == Class64 ? ElfLayout.Elf64 : ElfLayout.Elf32;
        if (bytes.Length < layout.HeaderBytes)
        {
            throw new ImageException($"The ELF header of {file.Name} is cut off: the file has {bytes.Length} of its {layout.HeaderBytes} bytes.");
        }

        List<Section> sections = ReadSections(file, layout);
        int names = LittleEndian.UInt16(bytes, layout.SectionNames);
        var code = new List<CodeSection>();
        var symbols = new List<Symbol>();
        foreach (Section section in sections)
        {
            if (section.Type == TypeProgram && section.IsExecutable && section.Length > 0)
            {
                string name = names < sections.Count ? NameAt(Contents(file, sections[names]), section.Name) : string.Empty;
                code.Add(new CodeSection(name, section.Address, Contents(file, section), layout == ElfLayout.Elf64 ? 64 : 32));
            }
            else if (section.Type == TypeSymbols)
            {
                ReadSymbols(file, layout, sections, section, symbols);
            }
        }

        // Of a stripped file the sections are the only names.
        IEnumerable<CodeSection> nameless = code.Where(section => !symbols.Exists(s => s.Address - section.Address < (ulong)section.Bytes.Length));
        symbols.AddRange([.. nameless.Select(static section => new Symbol(section.Name, section.Address, (ulong)section.Bytes.Length, IsCode: true))]);
        return new SymbolTable(symbols, code);
    }

    private static List<Section> ReadSections(ImageFile file, ElfLayout layout)
    {
        ReadOnlySpan<byte> image = file.Bytes.Span;
        ulong table = layout.Address(image, layout.SectionTable);
        int size = LittleEndian.UInt16(image, layout.SectionHeaderSize);
        int count = table == 0 ? 0 : LittleEndian.UInt16(image, layout.SectionCount);
        ulong bytes = (ulong)size * (ulong)count;
        if (count > 0 && (size < layout.SectionHeaderBytes || bytes > (ulong)image.Length || table > (ulong)image.Length - bytes))
        {
            throw new ImageException($"The {count} section headers of {file.Name} at {table:X}h do not fit the file: it is truncated, or e_shoff, e_shentsize or e_shnum is wrong.");
        }

        var sections = new List<Section>(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = image.Slice((int)table + (i * size), size);
            sections.Add(new Section(
                i,
                LittleEndian.UInt32(header, NameOffset),
                LittleEndian.UInt32(header, TypeOffset),
                (LittleEndian.UInt32(header, FlagsOffset) & FlagExecutable) != 0,
                layout.Address(header, layout.SectionAddress),
                layout.Address(header, layout.SectionOffset),
                layout.Address(header, layout.SectionSize),
                LittleEndian.UInt32(header, layout.SectionSize + layout.AddressBytes)));
        }

        return sections;
    }

    private static void ReadSymbols(ImageFile file, ElfLayout layout, List<Section> sections, Section table, List<Symbol> symbols)
    {
        bool wide = layout == ElfLayout.Elf64;
        int size = wide ? 24 : 16;
        if (table.Link >= (uint)sections.Count)
        {
            throw new ImageException($"Section {table.Number} of {file.Name}, its symbols, has its names in section {table.Link}, which the file has not (sh_link).");
        }

        ReadOnlyMemory<byte> names = Contents(file, sections[(int)table.Link]);
        ReadOnlySpan<byte> entries = Contents(file, table).Span;
        for (; entries.Length >= size; entries = entries[size..])
        {
            byte type = (byte)(entries[wide ? 4 : 12] & 0xF);
            int section = LittleEndian.UInt16(entries, wide ? 6 : 14);
            string name = NameAt(names, LittleEndian.UInt32(entries, 0));
            if (section > 0 && section < sections.Count && type is not (TypeSection or TypeFile) && name.Length > 0)
            {
                symbols.Add(new Symbol(
                    name,
                    wide ? LittleEndian.UInt64(entries, 8) : LittleEndian.UInt32(entries, 4),
                    wide ? LittleEndian.UInt64(entries, 16) : LittleEndian.UInt32(entries, 8),
                    sections[section].IsExecutable));
            }
        }
    }

    private static ReadOnlyMemory<byte> Contents(ImageFile file, Section section)
    {
        ulong length = (ulong)file.Bytes.Length;
        return section.Length <= length && section.Offset <= length - section.Length
            ? file.Bytes.Slice((int)section.Offset, (int)section.Length)
            : throw new ImageException($"Section {section.Number} of {file.Name} takes {section.Length:X}h bytes at {section.Offset:X}h, which the file has not: it is truncated.");
    }

    private static string NameAt(ReadOnlyMemory<byte> names, uint offset)
    {
        if (offset >= (uint)names.Length)
        {
            return string.Empty;
        }

        ReadOnlySpan<byte> rest = names.Span[(int)offset..];
        rest = rest[..Math.Min(rest.Length, LongestName)];
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    private readonly record struct Section(int Number, uint Name, uint Type, bool IsExecutable, ulong Address, ulong Offset, ulong Length, uint Link);
}
