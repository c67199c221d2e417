using System.Globalization;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Names of guest addresses, from an ELF file or from a map.</summary>
/// <remarks>A map has a line for each symbol: the address in hexadecimal, perhaps a letter for the type, the name; as nm and System.map have them.</remarks>
public sealed class SymbolTable
{
    private const int MostMapBytes = 256 << 20;

    private readonly Symbol[] _symbols; // by address; of several at one address the first

    internal SymbolTable(IEnumerable<Symbol> symbols, IReadOnlyList<CodeSection> code)
    {
        _symbols = [.. symbols.OrderBy(static s => s.Address).ThenBy(static s => s.Size == 0).DistinctBy(static s => s.Address)];
        Code = code;
    }

    /// <summary>Gets the symbols by ascending address.</summary>
    public IReadOnlyList<Symbol> Symbols => _symbols;

    /// <summary>Gets the code of an ELF file; none of a map.</summary>
    public IReadOnlyList<CodeSection> Code { get; }

    /// <summary>Reads an ELF file or a map.</summary>
    /// <param name="file">The file.</param>
    /// <returns>The table; of a stripped ELF file the names of its sections with code.</returns>
    /// <exception cref="ImageException">It is neither, or a section of it is malformed, which the message names.</exception>
    public static SymbolTable Read(ImageFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ElfFile.HasMagic(file.Bytes.Span) ? ElfSymbols.Read(file) : ReadMap(file);
    }

    /// <summary>Finds what an address belongs to.</summary>
    /// <param name="address">The address.</param>
    /// <param name="symbol">The symbol that it lies in; one without a size reaches to the next.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryFind(ulong address, out Symbol symbol)
    {
        int low = 0;
        int high = _symbols.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _symbols[middle].Address <= address ? (middle + 1, high) : (low, middle);
        }

        symbol = low > 0 ? _symbols[low - 1] : default;
        return low > 0 && (symbol.Size == 0 || address - symbol.Address < symbol.Size);
    }

    /// <summary>Says where an address is: <c>name+1Fh</c>.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The text, or null when no symbol has it.</returns>
    public string? Describe(ulong address) => !TryFind(address, out Symbol symbol) ? null
        : address == symbol.Address ? symbol.Name
        : $"{symbol.Name}+{address - symbol.Address:X}h";

    private static SymbolTable ReadMap(ImageFile file)
    {
        if (file.Bytes.Length > MostMapBytes)
        {
            throw new ImageException($"{file.Name} is too large for a map of symbols.");
        }

        var symbols = new List<Symbol>();
        foreach (string line in Encoding.Latin1.GetString(file.Bytes.Span).Split('\n'))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            string digits = words.Length > 0 && words[0].StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? words[0][2..] : words.FirstOrDefault() ?? string.Empty;
            if (words.Length is 2 or 3 && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address))
            {
                char type = words.Length == 3 ? words[1][0] : 'T';
                symbols.Add(new Symbol(words[^1], address, 0, type is 'T' or 't' or 'W' or 'w'));
            }
        }

        return symbols.Count > 0 ? new SymbolTable(symbols, [])
            : throw new ImageException($"{file.Name} names no address: give an ELF file, or a map with lines such as '00100000 T start'.");
    }
}

/// <summary>A name of an address.</summary>
/// <param name="Name">The name.</param>
/// <param name="Address">Its linear address.</param>
/// <param name="Size">Bytes; 0 when nobody says.</param>
/// <param name="IsCode">Whether it names code.</param>
public readonly record struct Symbol(string Name, ulong Address, ulong Size, bool IsCode);

/// <summary>Code as an executable file holds it.</summary>
/// <param name="Name">The section's name.</param>
/// <param name="Address">The linear address of its first byte.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="CodeBits">32 or 64, by the file's class.</param>
public sealed record CodeSection(string Name, ulong Address, ReadOnlyMemory<byte> Bytes, int CodeBits);
