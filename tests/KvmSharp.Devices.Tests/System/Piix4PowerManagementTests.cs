namespace KvmSharp.Devices.Tests;

public sealed class Piix4PowerManagementTests : StatefulContract<StormPorts<Piix4PowerManagement, Piix4PowerManagementState>, Piix4PowerManagementState>
{
    private const int Block = 256; // behind the configuration space in the storms
    private const int Apm = Block + 64;
    private const int Events = Apm + 2;
    private const int Status = Block;
    private const int Enable = Block + 2;
    private const int Control = Block + 4;
    private const int Timer = Block + 8;

    private const uint PowerButton = 1 << 8;
    private const uint TimerBit = 1;
    private const long HalfPeriod = 2_343_484_438; // the first nanosecond not before 2^23 / 3,579,545 s

    private int _powerOffs;

    protected override int Ports => Events + 4;

    internal override Bench Make()
    {
        var clock = new ManualClock();
        var sci = new Wire();
        var chip = new Piix4PowerManagement(clock, sci, new Wire(), () => _powerOffs++);
        (IPortDevice Device, int First) Find(int offset) => offset < Apm ? (chip.Bars.Single().Ports!, Block)
            : offset < Events ? (chip.ApmPorts, Apm)
            : (chip.GeneralPurposeEvents, Events);
        return new Bench(
            new(
                chip,
                (offset, width) => offset < Block ? chip.ReadConfig(offset, width) : Find(offset).Device.ReadPort((ushort)(offset - Find(offset).First), width),
                (offset, width, value) =>
                {
                    if (offset < Block)
                    {
                        chip.WriteConfig(offset, width, value);
                    }
                    else
                    {
                        Find(offset).Device.WritePort((ushort)(offset - Find(offset).First), width, value);
                    }
                }),
            clock,
            sci);
    }

    internal override void Disturb(Bench bench)
    {
        EnableAcpi(bench, PowerButton);
        bench.Part.Part.PressPowerButton();
    }

    internal override void Host(StormPorts<Piix4PowerManagement, Piix4PowerManagementState> part, byte value) => part.Part.PressPowerButton();

    [Fact]
    public void Pmba_WithPmiose_PlacesThePorts()
    {
        Bench bench = Make();
        PciBar ports = bench.Part.Part.Bars.Single();
        bench.Part.WritePort(Piix4PowerManagement.Base, 4, 0xB03F);
        ports.IsDecoded.Should().BeFalse();

        bench.Part.WritePort(Piix4PowerManagement.Miscellaneous, 1, 1);

        (ports.IsDecoded, ports.Address, ports.Size).Should().Be((true, 0xB000, 64));
        bench.Part.ReadPort(Piix4PowerManagement.Base, 2).Should().Be(0xB001, "bit 0 says that it is a port");
    }

    [Fact]
    public void Devactb_SaysThatTheApmPortIsTaken() => Make().Part.ReadPort(0x58, 4).Should().Be(1u << 25);

    [Theory]
    [InlineData(Control, 2, 0x2000u, 1)]
    [InlineData(Control, 2, 0x3401u, 1)]
    [InlineData(Control, 4, 0x2000u, 1)]
    [InlineData(Control + 1, 1, 0x20u, 1)]
    [InlineData(Control, 2, 0xDFFFu, 0)]
    [InlineData(Control, 1, 0x20u, 0)]
    [InlineData(Control, 4, 0x2000_0000u, 0)]
    [InlineData(Enable, 2, 0x2000u, 0)]
    public void Pm1Control_SleepEnable_PowersOff(ushort offset, int width, uint value, int times)
    {
        Make().Part.WritePort(offset, width, value);
        _powerOffs.Should().Be(times);
    }

    [Fact]
    public void Pm1Control_AfterWrite_ReadsAllButSleepEnable()
    {
        Bench bench = Make();
        bench.Part.WritePort(Control, 2, 0xFFFF);
        (bench.Part.ReadPort(Control, 2) & 0xFFFF).Should().Be(0xDFFF);
    }

    [Fact]
    public void Apm_Commands_SwitchAcpiOnAndOff()
    {
        Bench bench = Make();
        bench.Part.Out(Apm, Piix4PowerManagement.AcpiEnableCommand);
        bench.Part.In(Control).Should().Be(1);
        bench.Part.In(Apm).Should().Be(0xF1);
        bench.Part.Out(Apm, Piix4PowerManagement.AcpiDisableCommand);
        bench.Part.In(Control).Should().Be(0);
        bench.Part.Out(Apm + 1, 0x5A);
        bench.Part.In(Apm + 1).Should().Be(0x5A);
    }

    [Fact]
    public void PowerButton_Enabled_AssertsSciUntilItsStatusIsCleared()
    {
        Bench bench = Make();
        EnableAcpi(bench, PowerButton);
        bench.Part.Part.PressPowerButton();
        bench.Wires[0].Level.Should().BeTrue();
        bench.Part.WritePort(Status, 2, TimerBit);
        bench.Wires[0].Level.Should().BeTrue("another status bit was cleared");
        bench.Part.WritePort(Status, 2, PowerButton);
        bench.Wires[0].Level.Should().BeFalse();
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, PowerButton)]
    public void PowerButton_NotEnabledOrNoAcpi_IsOnlyNoted(bool acpi, uint enable)
    {
        Bench bench = Make();
        bench.Part.WritePort(Enable, 2, enable);
        bench.Part.Out(Apm, acpi ? Piix4PowerManagement.AcpiEnableCommand : Piix4PowerManagement.AcpiDisableCommand);
        bench.Part.Part.PressPowerButton();
        bench.Wires[0].Level.Should().BeFalse();
        (bench.Part.ReadPort(Status, 2) & PowerButton).Should().Be(PowerButton);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1_000_000_000, 3_579_545)]
    [InlineData(3_600_000_000_000, 3_579_545L * 3600 & 0xFF_FFFF)]
    public void Timer_Counts3579545TimesASecondIn24Bits(long time, uint expected)
    {
        Bench bench = Make();
        bench.Clock.SkipTo(time);
        bench.Part.ReadPort(Timer, 4).Should().Be(expected);
        bench.Part.WritePort(Timer, 4, 0);
        bench.Part.ReadPort(Timer, 4).Should().Be(expected, "it is read only");
    }

    [Fact]
    public void Timer_TopBitChanges_SetsStatusAndSci()
    {
        Bench bench = Make();
        EnableAcpi(bench, TimerBit);

        bench.Clock.AdvanceTo(HalfPeriod - 1);
        bench.Wires[0].Level.Should().BeFalse();
        bench.Clock.AdvanceTo(HalfPeriod);
        bench.Wires[0].Level.Should().BeTrue();

        bench.Part.WritePort(Status, 2, TimerBit);
        bench.Wires[0].Level.Should().BeFalse();
        bench.Clock.AdvanceTo(3 * HalfPeriod);
        bench.Wires[0].Level.Should().BeTrue();
    }

    [Fact]
    public void Timer_InterruptNotEnabled_ArmsNothing()
    {
        Bench bench = Make();
        bench.Clock.AnyArmed.Should().BeFalse();
        bench.Clock.SkipTo(HalfPeriod);
        (bench.Part.ReadPort(Status, 2) & TimerBit).Should().Be(TimerBit);
    }

    [Fact]
    public void GeneralPurposeEvents_StatusIsZeroAndEnablesAreKept()
    {
        Bench bench = Make();
        bench.Part.WritePort(Events, 4, 0xFFFF_FFFF);
        bench.Part.ReadPort(Events, 4).Should().Be(0xFFFF_0000);
    }

    private static void EnableAcpi(Bench bench, uint events)
    {
        bench.Part.WritePort(Enable, 2, events);
        bench.Part.Out(Apm, Piix4PowerManagement.AcpiEnableCommand);
    }
}
