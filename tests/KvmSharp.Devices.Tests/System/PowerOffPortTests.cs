namespace KvmSharp.Devices.Tests;

public sealed class PowerOffPortTests : StatefulContract<PowerOffPort, PowerOffPortState>
{
    private int _powerOffs;

    protected override int Ports => 2;

    internal override Bench Make() => new(new PowerOffPort(() => _powerOffs++), new ManualClock());

    internal override void Disturb(Bench bench) => bench.Part.WritePort(0, 2, 0x1C01);

    [Theory]
    [InlineData(0, 2, 0x2000u, 1)]
    [InlineData(0, 2, 0x3401u, 1)]
    [InlineData(0, 4, 0x2000u, 1)]
    [InlineData(1, 1, 0x20u, 1)]
    [InlineData(0, 2, 0xDFFFu, 0)]
    [InlineData(0, 1, 0x20u, 0)]
    [InlineData(0, 4, 0x2000_0000u, 0)]
    [InlineData(2, 2, 0x2000u, 0)]
    public void Write_SleepEnable_PowersOff(ushort offset, int width, uint value, int times)
    {
        Make().Part.WritePort(offset, width, value);
        _powerOffs.Should().Be(times);
    }

    [Fact]
    public void Read_AfterWrite_GivesAllButSleepEnable()
    {
        PowerOffPort port = Make().Part;
        port.WritePort(0, 2, 0xFFFF);
        port.WritePort(0, 1, 0x34);
        port.ReadPort(0, 2).Should().Be(0xFFFF_DF34);
        (port.ReadPort(1, 1) & 0xFF).Should().Be(0xDF);
        (port.ReadPort(2, 2) & 0xFFFF).Should().Be(0xFFFF);
    }
}
