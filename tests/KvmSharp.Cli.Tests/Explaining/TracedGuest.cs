using KvmSharp.Machines;

namespace KvmSharp.Cli.Tests;

/// <summary>A guest that has run, with its trace as it would be read back from a file.</summary>
internal sealed class TracedGuest
{
    private TracedGuest(IReadOnlyList<TraceRecord> records) => Records = records;

    public IReadOnlyList<TraceRecord> Records { get; }

    /// <summary>Runs one of the guests that come along.</summary>
    public static TracedGuest Named(string name)
    {
        GuestEntry guest = GuestCatalog.Read().Single(g => g.Name == name);
        return Of(ImageFile.Read(Path.Combine(GuestCatalog.Folder, guest.Image), 16 << 20), format: null);
    }

    /// <summary>Runs 16-bit code at 7C00h.</summary>
    public static TracedGuest Code(string code) => Of(new ImageFile("code", new LineAssembler(16, 0x7C00).Assemble(code)), ImageFormat.Flat);

    /// <summary>Explains an event in full.</summary>
    public string Explain(Func<TraceRecord, bool> which)
    {
        int at = Records.ToList().FindIndex(r => which(r));
        at.Should().BeGreaterThanOrEqualTo(0, "there is such an event");
        var writer = new StringWriter { NewLine = "\n" };
        new Explainer(symbols: null).Explain(Records[at], [.. Records.Take(at)]).Print(writer);
        return writer.ToString();
    }

    private static TracedGuest Of(ImageFile image, ImageFormat? format)
    {
        var records = new List<TraceRecord>();
        using var machine = new PcMachine(new PcOptions { Boot = new BootSource { Image = image, Format = format }, MemoryBytes = 16 << 20, Deterministic = true, Hypercalls = true });
        machine.Trace.WatchedMemory = [new ObservedRange(0x9000, 16)];
        machine.Trace.Subscribe(
            TraceKinds.Events, (in TraceEvent traced, ReadOnlySpan<byte> data) => records.Add(TraceJson.Read(TraceJson.Write(TraceRecords.Of(machine, traced, data)), 1)));
        machine.Run(new MachineRunOptions { MaxInstructions = 1_000_000 });
        return new TracedGuest(records);
    }
}
