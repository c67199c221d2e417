namespace KvmSharp.Devices.Tests;

public sealed class PciConfigurationPortsTests : StatefulContract<PciConfigurationPorts, PciConfigurationPortsState>
{
    private const uint Enable = 0x8000_0000;

    private readonly Wire _reset = new();

    protected override int Ports => 8;

    // Nothing behind the ports remembers anything here: what the contract compares is their own state.
    internal override Bench Make() => new(new PciConfigurationPorts(new PciBus(), new DebugConsole(_ => { })), new ManualClock());

    internal override void Disturb(Bench bench) => bench.Part.WritePort(0, 4, Enable | 0x5A);

    [Fact]
    public void ConfigAddress_ReservedBits_ReadAsZero()
    {
        PciConfigurationPorts ports = MakeWithFunctions();
        ports.WritePort(0, 4, 0xFFFF_FFFF);
        ports.ReadPort(0, 4).Should().Be(0x80FF_FFFC);
    }

    [Theory]
    [InlineData(0x8000_0000, 0x1237_8086)]
    [InlineData(0x8000_FF00, 0x1237_8086)] // the last device's last function
    [InlineData(0x8000_0800, 0xFFFF_FFFF)] // no device 1
    [InlineData(0x8001_0000, 0xFFFF_FFFF)] // no bus 1
    [InlineData(0x0000_0000, 0xFFFF_FFFF)] // not enabled
    public void ConfigData_ReadsTheFunctionThatIsNamed(uint address, uint expected)
    {
        PciConfigurationPorts ports = MakeWithFunctions();
        ports.WritePort(0, 4, address);
        ports.ReadPort(4, 4).Should().Be(expected);
    }

    [Fact]
    public void ConfigData_NarrowAccesses_ReachTheirBytes()
    {
        PciConfigurationPorts ports = MakeWithFunctions();
        ports.WritePort(0, 4, Enable | 0x58);
        ports.WritePort(5, 1, 0x30);
        ports.WritePort(6, 2, 0x3111);

        ports.ReadPort(4, 4).Should().Be(0x3111_3000);
        (ports.ReadPort(7, 1) & 0xFF).Should().Be(0x31);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(0, 2)]
    [InlineData(2, 2)]
    public void ConfigAddress_NarrowWrite_IsNotForIt(ushort offset, int width)
    {
        PciConfigurationPorts ports = MakeWithFunctions();
        ports.WritePort(0, 4, Enable);
        ports.WritePort(offset, width, 0);
        ports.ReadPort(0, 4).Should().Be(Enable);
    }

    [Fact]
    public void ResetControl_LiesBetweenThem()
    {
        PciConfigurationPorts ports = MakeWithFunctions();
        ports.Out(1, 0x02);
        _reset.Rises.Should().Be(0);
        ports.In(1).Should().Be(0x02);

        ports.Out(1, 0x06);
        _reset.Rises.Should().Be(1);
        _reset.Level.Should().BeFalse();
        ports.In(1).Should().Be(0x02, "RCPU never reads as 1");
    }

    private PciConfigurationPorts MakeWithFunctions()
    {
        var bus = new PciBus();
        bus.Add(0, 0, new I440FxHostBridge(new Wire(), (_, _) => { }));
        bus.Add(31, 7, new I440FxHostBridge(new Wire(), (_, _) => { }));
        return new PciConfigurationPorts(bus, new ResetControlPort(_reset));
    }
}
