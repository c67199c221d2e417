namespace KvmSharp.Devices.Tests;

public sealed class Piix3IsaBridgeTests : StatefulContract<StormPorts<Piix3IsaBridge, Piix3IsaBridgeState>, Piix3IsaBridgeState>
{
    private const int RouteA = Piix3IsaBridge.FirstRoute;

    protected override int Ports => PciConfigSpace.Length;

    internal override Bench Make()
    {
        Wire[] lines = [.. Enumerable.Range(0, 16).Select(_ => new Wire())];
        return new Bench(StormPorts.OfConfiguration<Piix3IsaBridge, Piix3IsaBridgeState>(new Piix3IsaBridge(new Wire(), lines)), new ManualClock(), lines);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.WritePort(RouteA, 1, 10);
        bench.Part.Part.Pirq(0).Drive(true);
    }

    internal override void Host(StormPorts<Piix3IsaBridge, Piix3IsaBridgeState> part, byte value) => part.Part.Pirq(value & 3).Drive((value & 4) != 0);

    // The PCI lines are driven by others, whom a reset of this chip does not reach.
    internal override Piix3IsaBridgeState AfterReset(Piix3IsaBridgeState disturbed) => base.AfterReset(disturbed) with { PirqLevels = disturbed.PirqLevels };

    [Fact]
    public void Identity_IsAnIsaBridgeWithFurtherFunctions()
    {
        Bench bench = Make();
        bench.Part.ReadPort(PciRegister.VendorId, 4).Should().Be(0x7000_8086);
        bench.Part.ReadPort(PciRegister.Subclass, 2).Should().Be(0x0601);
        bench.Part.ReadPort(PciRegister.HeaderType, 1).Should().Be(0x80);
    }

    [Fact]
    public void Pirqrc_AtPowerOn_RouteNothing()
    {
        Bench bench = Make();
        bench.Part.ReadPort(RouteA, 4).Should().Be(0x8080_8080);
        bench.Part.Part.Pirq(2).Drive(true);
        Asserted(bench).Should().BeEmpty();
    }

    [Fact]
    public void Pirqrc_TwoPirqsOnOneLine_ShareIt()
    {
        Bench bench = Make();
        bench.Part.WritePort(RouteA, 4, 0x0B0B_0A0A);
        Piix3IsaBridge bridge = bench.Part.Part;

        bridge.Pirq(0).Drive(true);
        bridge.Pirq(1).Drive(true);
        bridge.Pirq(3).Drive(true);
        bridge.Pirq(0).Drive(false);
        Asserted(bench).Should().Equal(10, 11);

        bridge.Pirq(1).Drive(false);
        Asserted(bench).Should().Equal(11);
    }

    [Fact]
    public void Pirqrc_RoutedAnewWhileAsserted_MovesTheRequest()
    {
        Bench bench = Make();
        bench.Part.WritePort(RouteA + 1, 1, 5);
        bench.Part.Part.Pirq(1).Drive(true);
        bench.Part.WritePort(RouteA + 1, 1, 9);
        Asserted(bench).Should().Equal(9);
        bench.Part.WritePort(RouteA + 1, 1, 0x89);
        Asserted(bench).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(13)]
    public void Pirqrc_ReservedLine_IsNotDriven(byte line)
    {
        Bench bench = Make();
        bench.Part.WritePort(RouteA, 1, line);
        bench.Part.Part.Pirq(0).Drive(true);
        Asserted(bench).Should().BeEmpty();
    }

    private static IEnumerable<int> Asserted(Bench bench) => bench.Wires.Index().Where(w => w.Item.Level).Select(w => w.Index);
}
