namespace KvmSharp.Devices.Tests;

public sealed class SystemControlPort61Tests : StatefulContract<SystemControlPort61, SystemControlPort61State>
{
    protected override int Ports => 1;

    internal override Bench Make()
    {
        var clock = new ManualClock();
        var gate = new Wire();
        return new Bench(new SystemControlPort61(clock, gate, () => false), clock, gate);
    }

    internal override void Disturb(Bench bench) => bench.Part.Out(0, 0x03);

    [Fact]
    public void Write_Bits0To3_ReadBackAndDriveGate2()
    {
        Bench bench = Make();
        bench.Part.Out(0, 0xFF);
        bench.Part.In(0).Should().Be(0x0F);
        bench.Wires[0].Level.Should().BeTrue();
        bench.Part.Out(0, 0x0E);
        bench.Wires[0].Level.Should().BeFalse();
    }

    [Fact]
    public void RefreshToggle_Every18Ticks_Changes()
    {
        Bench bench = Make();
        bench.Clock.AdvanceTo(15_085);
        bench.Part.In(0).Should().Be(0x00);
        bench.Clock.AdvanceTo(15_086);
        bench.Part.In(0).Should().Be(0x10);
        bench.Clock.AdvanceTo(30_172);
        bench.Part.In(0).Should().Be(0x00);
    }

    [Fact]
    public void Bit5_WithThe8254_ShowsCounter2()
    {
        var clock = new ManualClock();
        var pit = new Pit8254(clock, out0: null);
        var port = new SystemControlPort61(clock, pit.Gate(2), () => pit.Out(2));
        pit.Out(3, 0xB0); // a delay loop: mode 0, then poll bit 5
        pit.OutAll(2, 100, 0);
        clock.AdvanceBy(1_000_000);
        (port.In(0) & 0x20).Should().Be(0, "the gate is low");
        port.Out(0, 0x01);
        clock.AdvanceBy(83_000);
        (port.In(0) & 0x20).Should().Be(0);
        clock.AdvanceBy(2_000);
        (port.In(0) & 0x20).Should().Be(0x20);
    }
}
