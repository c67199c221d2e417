namespace KvmSharp.Devices.Tests;

public sealed class Rtc146818Tests : StatefulContract<Rtc146818, Rtc146818State>
{
    private const long Second = 1_000_000_000;
    private const int Binary24 = 0x06;
    private static readonly int[] DateAndTime = [0x32, 9, 8, 7, 4, 2, 0];

    private readonly ManualClock _clock = new();
    private readonly Wire _irq;
    private Rtc146818 _rtc;

    public Rtc146818Tests()
    {
        _irq = new Wire(_clock);
        _rtc = new Rtc146818(_clock, _irq);
    }

    protected override int Ports => 2;

    internal override Bench Make()
    {
        var clock = new ManualClock();
        var wire = new Wire();
        return new Bench(new Rtc146818(clock, wire), clock, wire);
    }

    internal override void Disturb(Bench bench)
    {
        Write(bench.Part, 0x0B, 0x52);
        Write(bench.Part, 0x40, 0x99);
        bench.Clock.AdvanceBy(5 * Second / 2);
        Read(bench.Part, 0x0A); // brings the registers up to this moment
        bench.Part.Out(0, 0xC0);
    }

    internal override Rtc146818State AfterReset(Rtc146818State disturbed)
    {
        // The battery keeps time and RAM; the pin clears the interrupts and, on the board, the index.
        var cmos = disturbed.Registers;
        cmos[0x0B] &= 0x87;
        cmos[0x0C] = 0;
        return disturbed with { Registers = cmos, Index = 0, NmiMasked = false };
    }

    private static void Write(Rtc146818 rtc, int index, int value)
    {
        rtc.Out(0, index);
        rtc.Out(1, value);
    }

    private static byte Read(Rtc146818 rtc, int index)
    {
        rtc.Out(0, index);
        return rtc.In(1);
    }

    private void Start(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) =>
        _rtc = new Rtc146818(_clock, _irq, new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc));

    private string Shown() => Convert.ToHexString([.. DateAndTime.Select(i => Read(_rtc, i))]);

    [Fact]
    public void PowerOn_Date_IsTheDefaultInBcd()
    {
        Shown().Should().Be("20000101000000");
        Read(_rtc, 6).Should().Be(7, "1 January 2000 was a Saturday");
        (Read(_rtc, 0x0A), Read(_rtc, 0x0B), Read(_rtc, 0x0D)).Should().Be((0x26, 0x02, 0x80));
    }

    [Fact]
    public void Start_Option_GivesTheFirstDate()
    {
        Start(2024, 2, 28, 23, 59, 58);
        Shown().Should().Be("20240228235958");
    }

    [Fact]
    public void Time_SecondsPass_RollsOverTheLeapDay()
    {
        Start(2024, 2, 28, 23, 59, 58);
        _clock.AdvanceBy((2 * Second) - 1);
        Shown().Should().Be("20240228235959");
        _clock.AdvanceBy(1);
        Shown().Should().Be("20240229000000");
        Read(_rtc, 6).Should().Be(5, "a Thursday");
    }

    [Fact]
    public void Time_Century_RollsOver()
    {
        Start(1999, 12, 31, 23, 59, 59);
        _clock.AdvanceBy(Second);
        Shown().Should().Be("20000101000000");
    }

    [Fact]
    public void Time_LongGap_IsCountedAtOnce()
    {
        _clock.AdvanceBy(366 * 86_400 * Second);
        Shown().Should().Be("20010101000000");
        _clock.Fired.Should().Be(0);
    }

    [Fact]
    public void RegisterB_BinaryAndTwelveHours_ChangeTheFormat()
    {
        Start(2024, 12, 31, 12, 59, 59);
        Write(_rtc, 0x0B, 0x84);
        OutTime(second: 58, minute: 59, hour: 0x8C); // 12:59:58 PM
        Write(_rtc, 0x0B, 0x04);
        _clock.AdvanceBy(2 * Second);
        (Read(_rtc, 4), Read(_rtc, 2), Read(_rtc, 0)).Should().Be((0x81, 0, 0), "1 PM");
        _clock.AdvanceBy(11 * 3600 * Second);
        Read(_rtc, 4).Should().Be(12, "12 AM is midnight");
    }

    private void OutTime(byte second, byte minute, byte hour)
    {
        Write(_rtc, 0, second);
        Write(_rtc, 2, minute);
        Write(_rtc, 4, hour);
    }

    [Fact]
    public void Set_Time_CountsOnFromThere()
    {
        Write(_rtc, 0x0B, 0x82);
        _clock.AdvanceBy(10 * Second);
        Shown().Should().Be("20000101000000", "SET holds the time");
        Write(_rtc, 8, 0x02); // through a date that does not exist
        Write(_rtc, 7, 0x31);
        Write(_rtc, 8, 0x12);
        OutTime(0x58, 0x59, 0x23);
        Write(_rtc, 9, 0x38);
        Write(_rtc, 0x0B, 0x02);
        _clock.AdvanceBy(Second);
        Shown().Should().Be("20381231235959");
        _clock.AdvanceBy(Second);
        Shown().Should().Be("20390101000000");
    }

    [Fact]
    public void Set_Nonsense_IsTakenForTheNearestTime()
    {
        for (int i = 0; i < 10; i++)
        {
            Write(_rtc, i, 0xFF);
        }

        _clock.AdvanceBy(Second);
        Shown().Should().Be("20000101000001");
    }

    [Fact]
    public void Uip_BeforeTheUpdate_IsSet()
    {
        _clock.AdvanceTo(Second - 2_228_001);
        Read(_rtc, 0x0A).Should().Be(0x26);
        _clock.AdvanceBy(1);
        Read(_rtc, 0x0A).Should().Be(0xA6);
        Write(_rtc, 0x0B, 0x82);
        Read(_rtc, 0x0A).Should().Be(0x26, "SET holds updates");
        Write(_rtc, 0x0B, 0x02);
        _clock.AdvanceTo(Second);
        Read(_rtc, 0x0A).Should().Be(0x26);
    }

    [Fact]
    public void Divider_ResetAndReleased_UpdatesHalfASecondLater()
    {
        _clock.AdvanceTo(Second / 4);
        Write(_rtc, 0x0A, 0x66);
        _clock.AdvanceTo(10 * Second);
        Shown().Should().Be("20000101000000");
        Write(_rtc, 0x0A, 0x26);
        _clock.AdvanceBy((Second / 2) - 1);
        Shown().Should().Be("20000101000000");
        _clock.AdvanceBy(1);
        Shown().Should().Be("20000101000001");
    }

    [Fact]
    public void UpdateEnded_Enabled_InterruptsUntilCIsRead()
    {
        Write(_rtc, 0x0B, 0x12);
        _clock.AdvanceTo(Second - 1);
        _irq.Level.Should().BeFalse();
        _clock.AdvanceTo(4 * Second);
        _irq.Changes.Should().Equal((Second, true));
        _clock.Fired.Should().Be(1, "an interrupt that is asserted already costs nothing");
        (Read(_rtc, 0x0C) & 0x90).Should().Be(0x90);
        _irq.Level.Should().BeFalse();
        Read(_rtc, 0x0C).Should().Be(0);
        _clock.AdvanceTo(5 * Second);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Flags_Disabled_AreSetWithoutInterrupt()
    {
        _clock.AdvanceTo(Second);
        Read(_rtc, 0x0C).Should().Be(0x50, "PF and UF, but neither AF nor IRQF");
        (_irq.Rises, _clock.Fired).Should().Be((0, 0));
    }

    [Fact]
    public void Flags_EnabledLater_InterruptAtOnce()
    {
        _clock.AdvanceTo(Second);
        Write(_rtc, 0x0B, 0x12);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Set_Rising_TakesBackUpdateEndedEnable()
    {
        Write(_rtc, 0x0B, 0x12);
        Write(_rtc, 0x0B, 0x92);
        Read(_rtc, 0x0B).Should().Be(0x82);
    }

    [Theory]
    [InlineData(0x1, 3_906_250)]
    [InlineData(0x2, 7_812_500)]
    [InlineData(0x3, 122_071)] // 122.070 microseconds
    [InlineData(0x6, 976_563)]
    [InlineData(0x8, 3_906_250)]
    [InlineData(0xF, 500_000_000)]
    public void Periodic_Rates_AreThoseOfTheCrystal(int rate, long nanoseconds)
    {
        Write(_rtc, 0x0A, 0x20 | rate);
        Write(_rtc, 0x0B, 0x42);
        _clock.AdvanceTo(nanoseconds - 1);
        _irq.Level.Should().BeFalse();
        _clock.AdvanceBy(1);
        _irq.Level.Should().BeTrue();
        Read(_rtc, 0x0C).Should().Be(0xC0);
    }

    [Fact]
    public void Periodic_1024Hz_DoesNotDrift()
    {
        Write(_rtc, 0x0B, 0x42);
        int count = 0;
        for (int i = 0; i < 5_000; i++)
        {
            _clock.AdvanceBy(2_000_000);
            count += Read(_rtc, 0x0C) >> 7;
        }

        count.Should().Be(5_000);
        _irq.Changes[^2].Time.Should().Be(9_998_046_875, "the first tick of 976562.5 ns after 9.998 s");
    }

    [Fact]
    public void Periodic_RateZero_IsOff()
    {
        Write(_rtc, 0x0A, 0x20);
        Write(_rtc, 0x0B, 0x42);
        _clock.AdvanceTo(10 * Second);
        _irq.Rises.Should().Be(0);
    }

    [Theory]
    [InlineData(0x00, 0x00, 0x05, 5)]
    [InlineData(0x01, 0x02, 0x03, 3723)]
    [InlineData(0xFF, 0xFF, 0x00, 60)] // each minute
    [InlineData(0xFF, 0x00, 0x00, 3600)] // each hour
    [InlineData(0xC0, 0xC0, 0xC0, 1)] // each second
    [InlineData(0x00, 0x00, 0x00, 86_400)] // midnight, a day away
    public void Alarm_Match_InterruptsAtThatSecond(byte hour, byte minute, byte second, long after)
    {
        Write(_rtc, 5, hour);
        Write(_rtc, 3, minute);
        Write(_rtc, 1, second);
        Write(_rtc, 0x0B, 0x22);
        _clock.AdvanceTo((after * Second) - 1);
        _irq.Level.Should().BeFalse();
        _clock.AdvanceBy(1);
        _irq.Level.Should().BeTrue();
        (Read(_rtc, 0x0C) & 0xA0).Should().Be(0xA0);
        _clock.Fired.Should().Be(1);
    }

    [Fact]
    public void Alarm_ImpossibleTime_NeverComes()
    {
        Write(_rtc, 1, 0x61);
        Write(_rtc, 0x0B, 0x22);
        _clock.AnyArmed.Should().BeFalse();
        _clock.AdvanceTo(200_000 * Second);
        Read(_rtc, 0x0C).Should().Be(0x50);
    }

    [Fact]
    public void Alarm_TwelveHours_KnowsTheAfternoon()
    {
        Write(_rtc, 0x0B, Binary24 | 0x80);
        OutTime(0, 0, 0);
        Write(_rtc, 0x0B, 0x80); // BCD, 12 hours
        OutTime(0x59, 0x59, 0x91); // 11:59:59 PM
        Write(_rtc, 5, 0x12); // 12 AM
        Write(_rtc, 3, 0);
        Write(_rtc, 1, 0);
        Write(_rtc, 0x0B, 0x20);
        _clock.AdvanceBy(Second);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Index_BitSeven_IsTheNmiMaskAndReadsNothing()
    {
        _rtc.Out(0, 0x80 | 0x0D);
        (_rtc.IsNmiMasked, _rtc.In(0), _rtc.In(1)).Should().Be((true, 0xFF, 0x80));
        _rtc.Out(0, 0x0D);
        _rtc.IsNmiMasked.Should().BeFalse();
    }

    [Fact]
    public void ReadOnlyRegisters_Write_ChangesNothing()
    {
        Write(_rtc, 0x0C, 0xFF);
        Write(_rtc, 0x0D, 0x00);
        Write(_rtc, 0x0A, 0xA6);
        (Read(_rtc, 0x0C), Read(_rtc, 0x0D), Read(_rtc, 0x0A)).Should().Be((0, 0x80, 0x26));
    }

    [Theory]
    [InlineData(512 * 1024UL, 512, 0, 0)]
    [InlineData(16UL << 20, 640, 15 * 1024, 0)]
    [InlineData(64UL << 20, 640, 63 * 1024, 768)]
    [InlineData(3UL << 30, 640, 65_535, 48_896)]
    public void SetMemorySize_Sizes_StandWhereGuestsLook(ulong bytes, int low, int extended, int high)
    {
        _rtc.SetMemorySize(bytes);
        int Word(int index) => Read(_rtc, index) | (Read(_rtc, index + 1) << 8);
        (Word(0x15), Word(0x17), Word(0x30), Word(0x34)).Should().Be((low, extended, extended, high));
    }

    [Fact]
    public void SetMemorySize_Above4GiB_StandsInThreeBytes()
    {
        _rtc.SetMemorySize(0xE000_0000, 0x123_4567_0000);
        (Read(_rtc, 0x5B), Read(_rtc, 0x5C), Read(_rtc, 0x5D)).Should().Be((0x67, 0x45, 0x23));
    }

    [Fact]
    public void SetProcessorCount_SaysHowManyOthers()
    {
        _rtc.SetProcessorCount(8);
        Read(_rtc, 0x5F).Should().Be(7);
    }

    [Fact]
    public void SetBootOrder_ThreeChoices_StandInTwoBytes()
    {
        _rtc.SetBootOrder(BiosBootDevice.CdRom, BiosBootDevice.HardDisk, BiosBootDevice.Floppy);
        (Read(_rtc, 0x3D), Read(_rtc, 0x38)).Should().Be((0x23, 0x10));
        _rtc.SetBootOrder(BiosBootDevice.Floppy);
        (Read(_rtc, 0x3D), Read(_rtc, 0x38)).Should().Be((0x01, 0x00));
    }

    [Fact]
    public void WriteCmos_Ram_IsSeenByTheGuestButTimeIsRefused()
    {
        _rtc.WriteCmos(0x14, 0x0D);
        Read(_rtc, 0x14).Should().Be(0x0D);
        _rtc.ReadCmos(0x14).Should().Be(0x0D);
        _rtc.Invoking(r => r.WriteCmos(0x0B, 0)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
