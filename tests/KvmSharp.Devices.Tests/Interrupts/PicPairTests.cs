namespace KvmSharp.Devices.Tests;

public sealed class PicPairTests
{
    private readonly Wire _intr = new();
    private readonly Pic8259 _master;
    private readonly Pic8259 _slave;
    private readonly PicPair _pair;

    public PicPairTests()
    {
        _master = new Pic8259(_intr, isMaster: true);
        _slave = new Pic8259(_master.Line(2), isMaster: false);
        _pair = new PicPair(_master, _slave, cascadeLine: 2);
        Initialize(masterIcw4: 0x01);
    }

    private void Initialize(byte masterIcw4)
    {
        _master.Out(0, 0x11);
        _master.OutAll(1, 0x20, 0x04, masterIcw4, 0x00);
        _slave.Out(0, 0x11);
        _slave.OutAll(1, 0x28, 0x02, 0x01, 0x00);
    }

    private static byte Isr(Pic8259 pic)
    {
        pic.Out(0, 0x0B);
        return pic.In(0);
    }

    [Theory]
    [InlineData(0, 0x20)]
    [InlineData(7, 0x27)]
    [InlineData(8, 0x28)]
    [InlineData(15, 0x2F)]
    public void Acknowledge_AnyLine_GivesItsVector(int irq, byte vector)
    {
        _pair.Line(irq).Drive(true);
        _intr.Level.Should().BeTrue();
        _pair.Acknowledge().Should().Be(vector);
    }

    [Fact]
    public void Acknowledge_SlaveLine_PutsBothInService()
    {
        _pair.Line(12).Drive(true);
        _pair.Acknowledge();
        (Isr(_master), Isr(_slave)).Should().Be((0x04, 0x10));
        _intr.Level.Should().BeFalse();
    }

    [Fact]
    public void Acknowledge_SlaveRequestGone_GivesTheSlavesSpuriousVector()
    {
        _pair.Line(12).Drive(true);
        _slave.Out(1, 0x10); // masks it; its INT falls, and with it the master's request
        _intr.Level.Should().BeFalse();
        _pair.Acknowledge().Should().Be(0x27, "nothing is left at the master either");

        _master.EdgeLevelControl = 0x04;
        _master.Line(2).Drive(true); // the master still sees a request, the slave has none
        _pair.Acknowledge().Should().Be(0x2F);
        (Isr(_master), Isr(_slave)).Should().Be((0x04, 0x00));
    }

    [Fact]
    public void Eoi_BothChips_LetTheNextSlaveRequestThrough()
    {
        _pair.Line(12).Drive(true);
        _pair.Line(14).Drive(true);
        _pair.Acknowledge().Should().Be(0x2C);
        _slave.Out(0, 0x20);
        _intr.Level.Should().BeFalse("the master still has its line in service");
        _master.Out(0, 0x20);
        _pair.Acknowledge().Should().Be(0x2E);
    }

    [Fact]
    public void FullyNested_HigherSlaveRequest_WaitsForTheMaster()
    {
        _pair.Line(12).Drive(true);
        _pair.Acknowledge();
        _pair.Line(8).Drive(true);
        _intr.Level.Should().BeFalse();
    }

    [Fact]
    public void SpecialFullyNested_HigherSlaveRequest_Interrupts()
    {
        Initialize(masterIcw4: 0x11);
        _pair.Line(12).Drive(true);
        _pair.Acknowledge();
        _pair.Line(8).Drive(true);
        _intr.Level.Should().BeTrue();
        _pair.Acknowledge().Should().Be(0x28);
        Isr(_slave).Should().Be(0x11);
    }

    [Fact]
    public void Priority_SlaveLines_RankAsLineTwo()
    {
        _pair.Line(3).Drive(true);
        _pair.Line(15).Drive(true);
        _pair.Line(1).Drive(true);
        _pair.Acknowledge().Should().Be(0x21);
        _master.Out(0, 0x20);
        _pair.Acknowledge().Should().Be(0x2F);
        _slave.Out(0, 0x20);
        _master.Out(0, 0x20);
        _pair.Acknowledge().Should().Be(0x23);
    }

    [Fact]
    public void Poll_SlaveRequest_IsPolledAtBothChips()
    {
        _pair.Line(9).Drive(true);
        _master.Out(0, 0x0C);
        _master.In(0).Should().Be(0x82);
        _slave.Out(0, 0x0C);
        _slave.In(0).Should().Be(0x81);
    }
}
