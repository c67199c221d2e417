using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Finds the names of a guest's addresses: in the file that is given, else in what is booted.</summary>
internal static class GuestSymbols
{
    /// <exception cref="ImageException">The given file is no table of symbols.</exception>
    public static SymbolTable? Find(RunSettings settings, BootSource? booted)
    {
        if (InspectionOptions.ReadSymbols(settings.Symbols) is { } given)
        {
            return given;
        }

        return booted is { } source && ElfImage.HasMagic(source.Image.Bytes.Span) ? SymbolTable.Read(source.Image) : null;
    }
}
