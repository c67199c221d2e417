using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Writes the coverage of a run: a listing, or Cobertura's XML with its listing beside it.</summary>
internal static class CoverageFiles
{
    private const string ListingExtension = ".lst";

    /// <summary>Makes sure, before the guest runs, that the files can be written.</summary>
    /// <exception cref="HostException">One cannot.</exception>
    public static void Check(RunSettings settings)
    {
        HostFiles.Create(settings.Coverage!, "coverage").Dispose();
        if (!settings.CoverageAsText)
        {
            HostFiles.Create(ListingOf(settings.Coverage!), "coverage listing").Dispose();
        }
    }

    /// <summary>Writes the files of a machine that has stopped.</summary>
    public static void Write(PcMachine machine, RunSettings settings, SymbolTable? symbols)
    {
        GuestCoverage coverage = machine.GetCoverage(symbols);
        string listing = settings.CoverageAsText ? settings.Coverage! : ListingOf(settings.Coverage!);
        IReadOnlyList<IReadOnlyList<int>> lines;
        using (var writer = new StreamWriter(HostFiles.Create(listing, "coverage listing")))
        {
            lines = CoverageListing.Write(coverage, writer);
        }

        if (!settings.CoverageAsText)
        {
            using FileStream report = HostFiles.Create(settings.Coverage!, "coverage");
            CoberturaReport.Write(coverage, lines, Path.GetFileName(listing), report);
        }
    }

    private static string ListingOf(string report) => Path.ChangeExtension(report, ListingExtension);
}
