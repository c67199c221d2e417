namespace KvmSharp.Devices.Tests;

public sealed class Pit8254Tests : StatefulContract<Pit8254, Pit8254State>
{
    private const int Control = 3;
    private readonly ManualClock _clock = new();
    private readonly Wire _out;
    private readonly Pit8254 _pit;

    public Pit8254Tests()
    {
        _out = new Wire(_clock);
        _pit = new Pit8254(_clock, _out);
    }

    protected override int Ports => 4;

    /// <summary>The first nanosecond of a tick, in arithmetic of the test's own.</summary>
    private static long Time(long tick) => (long)(((Int128)tick * 1_000_000_000 + 1_193_181) / 1_193_182);

    internal override Bench Make()
    {
        var clock = new ManualClock();
        var wire = new Wire();
        return new Bench(new Pit8254(clock, wire), clock, wire);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.Out(Control, 0x36);
        bench.Part.OutAll(0, 0x00, 0x10);
        bench.Part.Gate(2).Drive(true);
        bench.Part.Out(Control, 0xB0);
        bench.Part.OutAll(2, 0x34, 0x12);
        bench.Part.Out(Control, 0x80);
        bench.Clock.AdvanceBy(2_000_000);
    }

    internal override void Host(Pit8254 part, byte value) => part.Gate(value & 1).Drive((value & 2) != 0);

    private void Program(int mode, int count, bool bcd = false)
    {
        _pit.Out(Control, 0x30 | (mode << 1) | (bcd ? 1 : 0));
        _out.Forget();
        _pit.OutAll(0, (byte)count, (byte)(count >> 8));
    }

    private int Count()
    {
        _pit.Out(Control, 0x00);
        return _pit.In(0) | (_pit.In(0) << 8);
    }

    private void ShouldChangeAt(params (long Tick, bool Level)[] edges) =>
        _out.Changes.Should().Equal(edges.Select(e => (Time(e.Tick), e.Level)));

    [Fact]
    public void PowerOn_NothingProgrammed_CountsNothing()
    {
        _clock.AdvanceTo(1_000_000_000);
        (_clock.Fired, _out.Rises, _pit.Out(0)).Should().Be((0, 1, true));
    }

    [Fact]
    public void Mode0_Count_RisesAfterCountPlusOneTicks()
    {
        Program(0, 100);
        _out.Level.Should().BeFalse();
        _clock.AdvanceTo(Time(1000));
        ShouldChangeAt((101, true));
    }

    [Fact]
    public void Mode0_GateLow_PausesTheCount()
    {
        Program(0, 100);
        _clock.AdvanceTo(Time(41));
        _pit.Gate(0).Drive(false);
        Count().Should().Be(60);
        _clock.AdvanceTo(Time(500));
        Count().Should().Be(60);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(1000));
        ShouldChangeAt((560, true));
    }

    [Fact]
    public void Mode0_CountWrittenWhileGateLow_IsLoadedAndWaits()
    {
        _pit.Gate(0).Drive(false);
        Program(0, 7);
        _clock.AdvanceTo(Time(50));
        Count().Should().Be(7);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(100));
        ShouldChangeAt((57, true));
    }

    [Fact]
    public void Mode0_FirstByteOfANewCount_LowersOutAndStops()
    {
        Program(0, 10);
        _clock.AdvanceTo(Time(20));
        _out.Level.Should().BeTrue();
        _pit.Out(0, 5);
        _out.Level.Should().BeFalse();
        _clock.AdvanceTo(Time(1000));
        _out.Level.Should().BeFalse();
        _pit.Out(0, 0);
        _clock.AdvanceTo(Time(2000));
        ShouldChangeAt((11, true), (20, false), (1006, true));
    }

    [Fact]
    public void Mode0_PastZero_CountGoesOnDown()
    {
        Program(0, 10);
        _clock.AdvanceTo(Time(14));
        Count().Should().Be(0xFFFD);
    }

    [Fact]
    public void Mode0_CountZero_Is65536()
    {
        Program(0, 0);
        _clock.AdvanceTo(Time(70_000));
        ShouldChangeAt((65_537, true));
    }

    [Fact]
    public void Mode1_Trigger_GivesOnePulseOfCountTicks()
    {
        Program(1, 20);
        _clock.AdvanceTo(Time(100));
        _pit.Gate(0).Drive(false);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(200));
        ShouldChangeAt((101, false), (121, true));
    }

    [Fact]
    public void Mode1_Retrigger_LengthensThePulse()
    {
        Program(1, 20);
        _pit.Gate(0).Drive(false);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(15));
        _pit.Gate(0).Drive(false);
        _clock.AdvanceTo(Time(16));
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(200));
        ShouldChangeAt((1, false), (37, true));
    }

    [Fact]
    public void Mode1_NewCountDuringPulse_WaitsForTheNextTrigger()
    {
        Program(1, 20);
        _pit.Gate(0).Drive(false);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(10));
        _pit.OutAll(0, 5, 0);
        _clock.AdvanceTo(Time(50));
        _pit.Gate(0).Drive(false);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(100));
        ShouldChangeAt((1, false), (21, true), (51, false), (56, true));
    }

    [Fact]
    public void Mode2_Periods_AreLowForTheLastTick()
    {
        Program(2, 10);
        _clock.AdvanceTo(Time(32));
        ShouldChangeAt((10, false), (11, true), (20, false), (21, true), (30, false), (31, true));
    }

    [Fact]
    public void Mode2_Count_RunsFromCountToOne()
    {
        Program(2, 3);
        var seen = new List<int>();
        for (int tick = 1; tick <= 7; tick++)
        {
            _clock.AdvanceTo(Time(tick));
            seen.Add(Count());
        }

        seen.Should().Equal(3, 2, 1, 3, 2, 1, 3);
    }

    [Fact]
    public void Mode2_NewCount_TakesEffectAfterThePeriod()
    {
        Program(2, 10);
        _clock.AdvanceTo(Time(5));
        _pit.OutAll(0, 4, 0);
        _clock.AdvanceTo(Time(20));
        ShouldChangeAt((10, false), (11, true), (14, false), (15, true), (18, false), (19, true));
    }

    [Fact]
    public void Mode2_GateLow_RaisesOutAndTheRiseStartsAfresh()
    {
        Program(2, 10);
        _clock.AdvanceTo(Time(10));
        _out.Level.Should().BeFalse();
        _pit.Gate(0).Drive(false);
        _out.Level.Should().BeTrue();
        _clock.AdvanceTo(Time(100));
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(111));
        ShouldChangeAt((10, false), (10, true), (110, false), (111, true));
    }

    [Fact]
    public void Mode2_TenHours_DoesNotDrift()
    {
        Program(2, 59_659);
        const long periods = 720_000; // about 20 a second
        _clock.SkipTo(Time(1 + (periods * 59_659)) - 1);
        _pit.Out(0).Should().BeFalse();
        _clock.SkipTo(_clock.Now + 1);
        _pit.Out(0).Should().BeTrue();
        Count().Should().Be(59_659);
    }

    [Fact]
    public void Mode3_EvenCount_IsHalfHighHalfLow()
    {
        Program(3, 8);
        _clock.AdvanceTo(Time(18));
        ShouldChangeAt((5, false), (9, true), (13, false), (17, true));
    }

    [Fact]
    public void Mode3_OddCount_IsHighOneTickLonger()
    {
        Program(3, 5);
        _clock.AdvanceTo(Time(12));
        ShouldChangeAt((4, false), (6, true), (9, false), (11, true));
    }

    [Fact]
    public void Mode3_Count_FallsByTwo()
    {
        Program(3, 5);
        var seen = new List<int>();
        for (int tick = 1; tick <= 6; tick++)
        {
            _clock.AdvanceTo(Time(tick));
            seen.Add(Count());
        }

        seen.Should().Equal(4, 2, 0, 4, 2, 4);
    }

    [Fact]
    public void Mode3_NewCount_TakesEffectAfterTheHalf()
    {
        Program(3, 20);
        _clock.AdvanceTo(Time(3));
        _pit.OutAll(0, 6, 0);
        _clock.AdvanceTo(Time(18));
        ShouldChangeAt((11, false), (14, true), (17, false));
    }

    [Fact]
    public void Mode4_Count_StrobesForOneTick()
    {
        Program(4, 10);
        _clock.AdvanceTo(Time(100_000));
        ShouldChangeAt((11, false), (12, true));
    }

    [Fact]
    public void Mode4_NewCount_StartsAgain()
    {
        Program(4, 10);
        _clock.AdvanceTo(Time(8));
        _pit.OutAll(0, 3, 0);
        _clock.AdvanceTo(Time(100));
        ShouldChangeAt((12, false), (13, true));
    }

    [Fact]
    public void Mode5_Trigger_StrobesAfterCountTicks()
    {
        Program(5, 10);
        _clock.AdvanceTo(Time(100));
        _out.Changes.Should().BeEmpty();
        _pit.Gate(0).Drive(false);
        _pit.Gate(0).Drive(true);
        _clock.AdvanceTo(Time(200));
        ShouldChangeAt((111, false), (112, true));
    }

    [Fact]
    public void Bcd_Count_IsDecimal()
    {
        Program(0, 0x1234, bcd: true);
        _clock.AdvanceTo(Time(36));
        Count().Should().Be(0x1199);
        _clock.AdvanceTo(Time(2000));
        ShouldChangeAt((1235, true));
        Count().Should().Be(0x9235);
    }

    [Fact]
    public void Bcd_CountZero_Is10000()
    {
        Program(0, 0, bcd: true);
        _clock.AdvanceTo(Time(20_000));
        ShouldChangeAt((10_001, true));
    }

    [Theory]
    [InlineData(0x10, 0x34, 0x34)] // least significant byte only
    [InlineData(0x20, 0x34, 0x3400)] // most significant byte only
    public void ControlWord_OneByteAccess_TheOtherByteIsZero(int access, byte value, int count)
    {
        _pit.Out(Control, access);
        _pit.Out(0, value);
        _clock.AdvanceTo(Time(1));
        _pit.In(0).Should().Be(value);
        _clock.AdvanceTo(Time(count));
        _out.Level.Should().BeFalse();
        _clock.AdvanceTo(Time(count + 1));
        _out.Level.Should().BeTrue();
    }

    [Fact]
    public void Latch_Count_StandsUntilBothBytesAreRead()
    {
        Program(2, 0x8000);
        _clock.AdvanceTo(Time(1));
        _pit.Out(Control, 0x00);
        _clock.AdvanceTo(Time(0x101));
        _pit.Out(Control, 0x00); // a second latch is ignored
        (_pit.In(0), _pit.In(0)).Should().Be((0x00, 0x80));
        (_pit.In(0), _pit.In(0)).Should().Be((0x00, 0x7F));
    }

    [Fact]
    public void ReadBack_StatusAndCount_ComeInThatOrder()
    {
        Program(3, 0x1000);
        _clock.AdvanceTo(Time(1));
        _pit.Out(Control, 0xC2);
        _pit.In(0).Should().Be(0xB6, "OUT high, loaded, both bytes, mode 3, binary");
        (_pit.In(0), _pit.In(0)).Should().Be((0x00, 0x10));
    }

    [Fact]
    public void ReadBack_NullCount_IsSetUntilTheLoad()
    {
        Program(0, 10);
        _pit.Out(Control, 0xE2);
        _pit.In(0).Should().Be(0x70);
        _clock.AdvanceTo(Time(1));
        _pit.Out(Control, 0xE2);
        _pit.In(0).Should().Be(0x30);
        _clock.AdvanceTo(Time(11));
        _pit.Out(Control, 0xE2);
        _pit.In(0).Should().Be(0xB0);
    }

    [Fact]
    public void ReadBack_SeveralCounters_LatchesEach()
    {
        _pit.Out(Control, 0x34);
        _pit.Out(Control, 0x71);
        _pit.Out(Control, 0xBA);
        _pit.Out(Control, 0xEE);
        (_pit.In(0), _pit.In(1), _pit.In(2)).Should().Be((0xF4, 0x71, 0xFA));
    }

    [Fact]
    public void ReadBack_SecondStatus_IsIgnoredWhileOneWaits()
    {
        Program(0, 10);
        _pit.Out(Control, 0xE2);
        _clock.AdvanceTo(Time(100));
        _pit.Out(Control, 0xE2);
        _pit.In(0).Should().Be(0x70);
    }

    [Fact]
    public void ControlWord_Mode6_IsMode2()
    {
        _pit.Out(Control, 0x3C);
        _pit.Out(Control, 0xE2);
        _pit.In(0).Should().Be(0xF4);
    }

    [Fact]
    public void ControlPort_Read_IsOpenBus() => _pit.In(Control).Should().Be(0xFF);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Periodic_CountOfOne_StillAlternates(int mode)
    {
        Program(mode, 1);
        _clock.AdvanceTo(Time(5));
        ShouldChangeAt((2, false), (3, true), (4, false), (5, true));
    }

    [Fact]
    public void Deadlines_CountersNobodyWatches_CostNone()
    {
        _pit.Out(Control, 0x74);
        _pit.OutAll(1, 2, 0);
        _pit.Gate(2).Drive(true);
        _pit.Out(Control, 0xB6);
        _pit.OutAll(2, 100, 0);
        _clock.AdvanceTo(Time(51));
        (_clock.Fired, _pit.Out(2)).Should().Be((0, false));
        _clock.AdvanceTo(Time(101));
        _pit.Out(2).Should().BeTrue();
    }

    [Fact]
    public void Gate2_PowerOn_IsLow()
    {
        _pit.Out(Control, 0xB0);
        _pit.OutAll(2, 10, 0);
        _clock.AdvanceTo(Time(1000));
        _pit.Out(2).Should().BeFalse();
    }

    [Fact]
    public void Deadline_Late_MergesPulsesButLosesNotAll()
    {
        Program(2, 100);
        _clock.SkipTo(Time(1050));
        _clock.AdvanceTo(Time(1050));
        _out.Level.Should().BeTrue();
        _out.Changes.Should().HaveCountGreaterThan(1).And.HaveCountLessThan(6);
        _out.Forget();
        _clock.AdvanceTo(Time(1101));
        ShouldChangeAt((1100, false), (1101, true));
    }

    [Fact]
    public void Reprogramming_Storm_LeavesOneDeadline()
    {
        for (int i = 0; i < 10_000; i++)
        {
            Program(i % 6, i & 3);
        }

        Program(0, 10);
        int fired = _clock.Fired;
        _clock.AdvanceTo(Time(1000));
        (_clock.Fired - fired).Should().BeLessThan(4);
        ShouldChangeAt((11, true));
    }

    [Fact]
    public void LateDeadline_PulsesAreNoticed_ShowsEachOfThem()
    {
        bool waits = false;
        var wire = new Wire(_clock);
        var pit = new Pit8254(_clock, new NoticedWire(wire, () => waits = true), out0Waits: () => waits);
        pit.Out(Control, 0x34);
        pit.OutAll(0, 0x00, 0x10);
        waits = false;
        int before = wire.Rises;

        _clock.SkipTo(Time(1 + (10 * 0x1000)));
        for (int look = 0; look < 40; look++)
        {
            waits = false;
            _clock.AdvanceBy(Time(0x200));
        }

        (wire.Rises - before).Should().Be(10 + (40 / 8), "all late ones come, and those of the time in which they came");
    }

    [Fact]
    public void Deadline_PulseWaits_ShowsNoOtherOneForASecond()
    {
        var wire = new Wire(_clock);
        var pit = new Pit8254(_clock, wire, out0Waits: () => true);
        pit.Out(Control, 0x34);
        pit.OutAll(0, 0x00, 0x10);
        int before = wire.Rises;

        _clock.AdvanceBy(999_000_000);
        wire.Rises.Should().Be(before);

        _clock.AdvanceBy(100_000_000);
        wire.Rises.Should().Be(before + 2, "what waited for longer than a second is given up");
    }

    private sealed class NoticedWire(ISignal wire, Action risen) : ISignal
    {
        public void Drive(bool asserted)
        {
            wire.Drive(asserted);
            if (asserted)
            {
                risen();
            }
        }
    }
}
