using System.Xml.Linq;

namespace KvmSharp.Machines.Tests;

public class GuestCoverageTests
{
    // start: mov ecx,3; call work; loop to the call; cli; hlt       work: test ecx,ecx; jz over; inc eax; over: ret       never: ud2
    private static readonly byte[] Code =
    [
        0xB9, 3, 0, 0, 0, 0xE8, 4, 0, 0, 0, 0xE2, 0xF9, 0xFA, 0xF4,
        0x85, 0xC9, 0x74, 0x01, 0x40, 0xC3,
        0x0F, 0x0B,
    ];

    private static SymbolElf Elf => new SymbolElf { Code = Code }.With("start", 0, 14).With("work", 14, 6).With("never", 20, 2);

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    [InlineData(EngineKind.Auto)]
    public void GetCoverage_ElfWithSymbols_CountsByInstructionAndSymbol(EngineKind engine)
    {
        GuestCoverage coverage = Cover(engine);

        coverage.Functions.Select(f => (f.Name, f.Executed, f.Instructions.Count)).Should().Equal(("start", 5, 5), ("work", 4, 4), ("never", 0, 1));
        coverage.Functions[1].Instructions.Select(i => (i.Address, i.Count, i.Text)).Should().Equal(
            (SymbolElf.Address + 14, 3, "test ecx,ecx"), (SymbolElf.Address + 16, 3, "je short 00100013h"), (SymbolElf.Address + 18, 3, "inc eax"), (SymbolElf.Address + 19, 3, "ret"));
        (coverage.Executed, coverage.Instructions).Should().Be((9, 10));
    }

    [Fact]
    public void GetCoverage_NoSymbols_HasWhatWasExecuted()
    {
        using PcMachine machine = Boot(EngineKind.Auto);
        TracedMachine.Run(machine);
        machine.GetCoverage().Functions.Should().ContainSingle().Which.Instructions.Should().HaveCount(9);
    }

    [Fact]
    public void Listing_LinesAndNumbers_Agree()
    {
        var writer = new StringWriter { NewLine = "\n" };
        IReadOnlyList<IReadOnlyList<int>> lines = CoverageListing.Write(Cover(EngineKind.Auto), writer);
        string[] text = writer.ToString().Split('\n');

        text[0].Should().Be("9 of 10 instructions executed (90.0 %)");
        text[lines[1][2] - 1].Should().MatchRegex(@"^ +3  00100012  40 +inc eax$");
        text[lines[2][0] - 1].Should().MatchRegex(@"^ +#####  00100014  0F0B +ud2$");
    }

    [Fact]
    public void Cobertura_Report_HasRatesAndHits()
    {
        GuestCoverage coverage = Cover(EngineKind.Auto);
        using var stream = new MemoryStream();
        CoberturaReport.Write(coverage, CoverageListing.Write(coverage, TextWriter.Null), "guest.lst", stream);
        XElement root = XDocument.Parse(System.Text.Encoding.UTF8.GetString(stream.ToArray())).Root!;

        (root.Attribute("lines-covered")!.Value, root.Attribute("lines-valid")!.Value, root.Attribute("line-rate")!.Value).Should().Be(("9", "10", "0.9"));
        root.Descendants("class").Select(c => c.Attribute("name")!.Value).Should().Equal("start", "work", "never");
        root.Descendants("class").First().Attribute("filename")!.Value.Should().Be("guest.lst");
        root.Descendants("class").Last().Element("lines")!.Element("line")!.Attribute("hits")!.Value.Should().Be("0");
    }

    private static GuestCoverage Cover(EngineKind engine)
    {
        using PcMachine machine = Boot(engine);
        TracedMachine.Run(machine).Reason.Should().Be(MachineStopReason.Halted);
        return machine.GetCoverage(SymbolTable.Read(Elf.Build()));
    }

    private static PcMachine Boot(EngineKind engine)
    {
        var machine = new PcMachine(new PcOptions { Boot = new BootSource { Image = Elf.Build() }, MemoryBytes = 2 << 20, Deterministic = true, Engine = engine });
        machine.CountsInstructions = true;
        machine.Vcpu.SetRegisters(machine.Vcpu.GetRegisters() with { Rsp = 0x9000 });
        return machine;
    }
}
