using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>What the verbs that look into a file share.</summary>
internal static class InspectionOptions
{
    private const ulong LargestFile = 1UL << 30;

    public static Option<string?> Symbols() =>
        TextOption.Text("--symbols", "FILE", "An ELF file or a map (lines of address and name, as nm and System.map have them) that names addresses");

    public static Option<ulong> Vcpu() => TextOption.Parsed<ulong>("--vcpu", "N", "The processor, numbered from 0", Quantities.TryParseWide, "a number", 0);

    public static Argument<string> Snapshot() => new Argument<string>("FILE") { Description = "A snapshot (run --snapshot-at-exit FILE)" }.WithoutDashes();

    public static Argument<string> Address() => new Argument<string>("ADDRESS") { Description = "A linear address: 0x100000 or 100000h" }.WithoutDashes();

    /// <summary>Reads an address that was given, in either place of the two: before or behind the file.</summary>
    /// <exception cref="HostException">Neither is an address, or the file does not exist.</exception>
    public static (string File, ulong Address) Sort(string first, string second)
    {
        bool swapped = !File.Exists(first) && File.Exists(second);
        (string file, string text) = swapped ? (second, first) : (first, second);
        return Quantities.TryParseWide(text, out ulong address) ? (Existing(file), address)
            : throw new HostException($"'{text}' is no address: give one such as 0x100000 or 100000h.");
    }

    /// <summary>Gives a path back, if there is a file.</summary>
    /// <exception cref="ImageException">There is none.</exception>
    public static string Existing(string path) => File.Exists(path) ? path
        : throw new ImageException($"{path} does not exist: give the path of a trace or a snapshot.");

    /// <summary>Reads the symbols that were given.</summary>
    public static SymbolTable? ReadSymbols(string? path) => path is null ? null : SymbolTable.Read(OptionFile.Read("--symbols", path, LargestFile));
}
