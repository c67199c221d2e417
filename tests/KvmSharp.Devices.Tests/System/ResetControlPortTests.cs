namespace KvmSharp.Devices.Tests;

public sealed class ResetControlPortTests : StatefulContract<ResetControlPort, ResetControlPortState>
{
    private readonly Wire _reset = new();

    protected override int Ports => 1;

    internal override Bench Make() => new(new ResetControlPort(_reset), new ManualClock());

    internal override void Disturb(Bench bench) => bench.Part.Out(0, 0x02);

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x02, 0)]
    [InlineData(0x04, 1)]
    [InlineData(0x06, 1)]
    public void ResetCpu_Written_Pulses(int value, int pulses)
    {
        Make().Part.Out(0, value);
        (_reset.Rises, _reset.Level).Should().Be((pulses, false));
    }
}
