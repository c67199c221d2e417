namespace KvmSharp.Devices.Tests;

public sealed class SystemControlPort92Tests : StatefulContract<SystemControlPort92, SystemControlPort92State>
{
    protected override int Ports => 1;

    internal override Bench Make()
    {
        Wire[] wires = [new(), new()];
        return new Bench(new SystemControlPort92(wires[0], wires[1]), new ManualClock(), wires);
    }

    internal override void Disturb(Bench bench) => bench.Part.Out(0, 0xA2);

    [Fact]
    public void Write_Bit1_DrivesA20()
    {
        Bench bench = Make();
        bench.Part.Out(0, 0x02);
        bench.Wires[0].Level.Should().BeTrue();
        bench.Part.Out(0, 0x00);
        bench.Wires[0].Level.Should().BeFalse();
    }

    [Fact]
    public void Write_Bit0_PulsesResetOnItsRise()
    {
        Bench bench = Make();
        bench.Part.OutAll(0, 0x01, 0x01);
        (bench.Wires[1].Rises, bench.Wires[1].Level).Should().Be((1, false));
        bench.Part.OutAll(0, 0x00, 0x01);
        bench.Wires[1].Rises.Should().Be(2);
    }

    [Fact]
    public void Write_BoardResetsFromInside_LeavesPowerOn()
    {
        SystemControlPort92? port = null;
        port = new SystemControlPort92(new Wire(), new Callback(asserted =>
        {
            if (asserted)
            {
                port!.Reset();
            }
        }));
        port.Out(0, 0xFF);
        port.In(0).Should().Be(0);
    }

    [Fact]
    public void Write_OtherBits_ReadBack()
    {
        SystemControlPort92 port = Make().Part;
        port.Out(0, 0xDC);
        port.In(0).Should().Be(0xDC);
    }

    private sealed class Callback(Action<bool> drive) : ISignal
    {
        public void Drive(bool asserted) => drive(asserted);
    }
}
