namespace KvmSharp.Devices.Tests;

public sealed class Pic8259Tests : StatefulContract<Pic8259, Pic8259State>
{
    private readonly Wire _int = new();
    private readonly Pic8259 _pic;

    public Pic8259Tests()
    {
        _pic = new Pic8259(_int, isMaster: true);
        Initialize(_pic);
    }

    protected override int Ports => 2;

    internal override Bench Make()
    {
        var wire = new Wire();
        return new Bench(new Pic8259(wire, isMaster: true), new ManualClock(), wire);
    }

    internal override void Disturb(Bench bench)
    {
        Initialize(bench.Part);
        bench.Part.Line(3).Drive(true);
    }

    internal override void Host(Pic8259 part, byte value)
    {
        part.Line(value & 7).Drive((value & 8) != 0);
        if ((value & 0x10) != 0)
        {
            part.Acknowledge(out _);
        }
    }

    private static void Initialize(Pic8259 pic, byte icw1 = 0x11, byte icw4 = 0x01)
    {
        pic.Out(0, icw1);
        pic.OutAll(1, 0x20, 0x04, icw4);
        pic.Out(1, 0x00);
    }

    private void Raise(params int[] levels)
    {
        foreach (int level in levels)
        {
            _pic.Line(level).Drive(true);
        }
    }

    private int Acknowledge()
    {
        byte vector = _pic.Acknowledge(out int level);
        vector.Should().Be((byte)(0x20 + (level < 0 ? 7 : level)));
        return level;
    }

    private byte Isr()
    {
        _pic.Out(0, 0x0B);
        return _pic.In(0);
    }

    private byte Irr()
    {
        _pic.Out(0, 0x0A);
        return _pic.In(0);
    }

    [Fact]
    public void PowerOn_Request_IsMasked()
    {
        var wire = new Wire();
        var pic = new Pic8259(wire, isMaster: true);
        pic.Line(0).Drive(true);
        wire.Level.Should().BeFalse();
    }

    [Fact]
    public void Int_DuringInitialization_StaysLow()
    {
        _pic.Out(0, 0x11);
        Raise(0);
        _pic.OutAll(1, 0x20, 0x04);
        _int.Level.Should().BeFalse();
        _pic.Out(1, 0x01);
        _int.Level.Should().BeTrue();
    }

    [Fact]
    public void Icw1_Edge_NeedsANewEdgeAfterwards()
    {
        Raise(1);
        Initialize(_pic);
        _int.Level.Should().BeFalse();
        _pic.Line(1).Drive(false);
        Raise(1);
        _int.Level.Should().BeTrue();
    }

    [Fact]
    public void Icw1_ClearsMaskAndServiceAndReadsIrr()
    {
        Raise(2);
        Acknowledge();
        _pic.Out(1, 0xFF);
        _pic.Out(0, 0x0B);
        _pic.Out(0, 0x11);
        _pic.OutAll(1, 0x20, 0x04, 0x01);
        _pic.In(1).Should().Be(0);
        _pic.In(0).Should().Be(0, "the line has no new edge, and IRR is selected");
        Isr().Should().Be(0);
    }

    [Fact]
    public void Icw1_SingleWithoutIcw4_TakesOnlyIcw2()
    {
        Initialize(_pic, icw4: 0x03); // AEOI, which the next ICW1 takes back
        _pic.Out(0, 0x12);
        _pic.Out(1, 0x47); // only the upper five bits count
        _pic.Out(1, 0xFE); // the mask already
        Raise(0);
        _pic.Acknowledge(out _).Should().Be(0x40);
        Isr().Should().Be(1);
        _pic.In(1).Should().Be(0xFE);
    }

    [Fact]
    public void FullyNested_LowerRequest_WaitsForEoi()
    {
        Raise(4, 3);
        Acknowledge().Should().Be(3);
        _int.Level.Should().BeFalse();
        _pic.Out(0, 0x20);
        _int.Level.Should().BeTrue();
        Acknowledge().Should().Be(4);
    }

    [Fact]
    public void FullyNested_HigherRequest_Interrupts()
    {
        Raise(4);
        Acknowledge();
        Raise(4, 1);
        Acknowledge().Should().Be(1);
        Isr().Should().Be(0b1_0010);
        _pic.Out(0, 0x20);
        Isr().Should().Be(0b1_0000, "a non-specific EOI ends the highest level in service");
    }

    [Fact]
    public void Ocw2_SpecificEoi_EndsTheNamedLevel()
    {
        Raise(4);
        Acknowledge();
        Raise(1);
        Acknowledge();
        _pic.Out(0, 0x64);
        Isr().Should().Be(0b0010);
    }

    [Fact]
    public void Ocw2_RotateOnNonSpecificEoi_MakesTheLevelLowest()
    {
        Raise(2);
        Acknowledge();
        _pic.Out(0, 0xA0);
        Raise(0, 3);
        Acknowledge().Should().Be(3);
    }

    [Fact]
    public void Ocw2_RotateOnSpecificEoi_EndsAndRotates()
    {
        Raise(5);
        Acknowledge();
        _pic.Out(0, 0xE5);
        Isr().Should().Be(0);
        Raise(0, 6);
        Acknowledge().Should().Be(6);
    }

    [Fact]
    public void Ocw2_SetPriority_RotatesWithoutEoi()
    {
        Raise(0);
        Acknowledge();
        _pic.Out(0, 0xC5);
        Isr().Should().Be(1);
        Raise(1, 6);
        Acknowledge().Should().Be(6);
    }

    [Fact]
    public void AutoEoi_Acknowledge_LeavesNothingInService()
    {
        Initialize(_pic, icw4: 0x03);
        Raise(2, 5);
        Acknowledge().Should().Be(2);
        Isr().Should().Be(0);
        _int.Level.Should().BeTrue();
    }

    [Fact]
    public void AutoEoi_WithRotation_GivesEachLevelItsTurn()
    {
        Initialize(_pic, icw4: 0x03);
        _pic.Out(0, 0x80);
        Raise(2, 5);
        Acknowledge().Should().Be(2);
        _pic.Line(2).Drive(false);
        Raise(2);
        Acknowledge().Should().Be(5);
        _pic.Out(0, 0x00); // rotation off: priorities stay where they are
        Acknowledge().Should().Be(2);
        Raise(6);
        Acknowledge().Should().Be(6);
        _pic.Line(5).Drive(false);
        _pic.Line(6).Drive(false);
        Raise(5, 6);
        Acknowledge().Should().Be(6, "5 is still the lowest");
    }

    [Fact]
    public void AutoEoi_NextRequest_IsANewEdgeOnInt()
    {
        Initialize(_pic, icw4: 0x03);
        Raise(2, 5);
        int rises = _int.Rises;
        Acknowledge();
        _int.Rises.Should().Be(rises + 1);
    }

    [Fact]
    public void Ocw1_MaskedRequest_WaitsUntilUnmasked()
    {
        _pic.Out(1, 0x10);
        Raise(4);
        _int.Level.Should().BeFalse();
        Irr().Should().Be(0x10);
        _pic.Out(1, 0x00);
        _int.Level.Should().BeTrue();
    }

    [Fact]
    public void SpecialMask_MaskedLevelInService_LetsLowerOnesThrough()
    {
        Raise(1);
        Acknowledge();
        Raise(6);
        _pic.Out(1, 0x02);
        _int.Level.Should().BeFalse();
        _pic.Out(0, 0x68);
        Acknowledge().Should().Be(6);
        _pic.Out(0, 0x20);
        Isr().Should().Be(0x02, "a non-specific EOI passes over the masked level");
        _pic.Out(0, 0x48);
        _pic.Out(0, 0x20);
        Isr().Should().Be(0);
    }

    [Fact]
    public void Poll_Request_GivesLevelAndPutsItInService()
    {
        Raise(3);
        _pic.Out(0, 0x0C);
        _pic.In(0).Should().Be(0x83);
        Isr().Should().Be(0x08);
        _int.Level.Should().BeFalse();
    }

    [Fact]
    public void Poll_Nothing_GivesZeroOnceAtEitherPort()
    {
        _pic.Out(1, 0x5A);
        _pic.Out(0, 0x0C);
        _pic.In(1).Should().Be(0);
        _pic.In(1).Should().Be(0x5A);
    }

    [Fact]
    public void Edge_LineHeld_AsksOnce()
    {
        Raise(3);
        Acknowledge();
        _pic.Out(0, 0x20);
        _int.Level.Should().BeFalse();
    }

    [Fact]
    public void Spurious_LineFellBeforeAcknowledge_GivesSevenWithoutService()
    {
        Raise(3);
        _pic.Line(3).Drive(false);
        _int.Level.Should().BeFalse();
        Acknowledge().Should().Be(-1);
        Isr().Should().Be(0);
    }

    [Fact]
    public void LevelTriggered_LineHeld_AsksAgainAfterEoi()
    {
        Initialize(_pic, icw1: 0x19); // LTIM
        Raise(3);
        Acknowledge();
        _pic.Out(0, 0x20);
        _int.Level.Should().BeTrue();
        _pic.Line(3).Drive(false);
        _int.Level.Should().BeFalse();
    }

    [Fact]
    public void EdgeLevelControl_OneLine_IsLevelTriggeredAlone()
    {
        _pic.EdgeLevelControl = 0x20;
        Raise(5, 6);
        Acknowledge().Should().Be(5);
        _pic.Out(0, 0x20);
        Acknowledge().Should().Be(5);
        _pic.Out(0, 0x20);
        _pic.Line(5).Drive(false);
        Acknowledge().Should().Be(6);
        _pic.Out(0, 0x20);
        _int.Level.Should().BeFalse();
    }

    [Fact]
    public void EdgeLevelControlPorts_FixedLines_StayEdgeTriggered()
    {
        var slave = new Pic8259(new Wire(), isMaster: false);
        var ports = new EdgeLevelControlPorts(_pic, slave);
        ports.WritePort(0, 2, 0xFFFF);
        ports.ReadPort(0, 2).Should().Be(0xDEF8);
        (_pic.EdgeLevelControl, slave.EdgeLevelControl).Should().Be((0xF8, 0xDE));
    }

    [Fact]
    public void Ports_WordAccess_IsTwoByteAccesses()
    {
        _pic.WritePort(0, 2, 0xAB0B);
        Raise(2);
        Acknowledge();
        _pic.ReadPort(0, 4).Should().Be(0xFFFF_AB04, "ISR, IMR, and nothing beyond");
    }
}
