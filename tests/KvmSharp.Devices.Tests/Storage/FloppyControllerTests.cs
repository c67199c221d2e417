using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

public sealed class FloppyControllerTests : StatefulContract<FloppyController, FloppyControllerState>
{
    private const int DigitalOutput = 2;
    private const int MainStatus = 4;
    private const int Fifo = 5;
    private const int DigitalInput = 7;
    private const int ConfigurationControl = 7;

    private const int Ready = 0x80;
    private const int HasResult = 0xD0;
    private const int Buffer = 0x2_0000;

    private readonly GuestRam _ram = new(1 << 18);
    private readonly IsaDma _dma;
    private readonly MemoryDisk _disk = new(2880);
    private readonly Wire _irq = new();
    private readonly FloppyDrive _drive;
    private readonly FloppyController _floppy;

    public FloppyControllerTests()
    {
        _dma = new IsaDma(_ram);
        _drive = new FloppyDrive(_disk);
        _floppy = new FloppyController(_irq, _dma.Channel(2));
        _floppy.Attach(0, _drive);
    }

    protected override int Ports => 8;

    internal override Bench Make()
    {
        var irq = new Wire();
        var dma = new IsaDma(new GuestRam(1 << 16));
        dma.First.OutAll(5, 0xFF, 0x0F);
        dma.First.Out(11, 0x56);
        dma.First.Out(14, 0);
        var floppy = new FloppyController(irq, dma.Channel(2));
        floppy.Attach(0, new FloppyDrive(new MemoryDisk(2880)));
        return new Bench(floppy, new ManualClock(), irq);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.Out(DigitalOutput, 0x1C);
        bench.Part.OutAll(Fifo, 0x0F, 0, 5);
        bench.Part.OutAll(Fifo, 0x13, 0);
    }

    // Always another medium, never none: what lies in the drive is the host's, so a copy of the controller's state does not bring it along.
    internal override void Host(FloppyController part, byte value) => part.Drive(0)!.ChangeMedium(new MemoryDisk(2880));

    private byte[] Ask(params byte[] command)
    {
        foreach (byte value in command)
        {
            (_floppy.In(MainStatus) & 0xC0).Should().Be(0x80, "the controller waits for the command");
            _floppy.Out(Fifo, value);
        }

        var result = new List<byte>();
        while (_floppy.In(MainStatus) == HasResult)
        {
            result.Add(_floppy.In(Fifo));
        }

        return [.. result];
    }

    /// <summary>Resets the controller and sets it up for 1.44M, as a driver does.</summary>
    private void Start(bool dma = true)
    {
        _floppy.Out(DigitalOutput, 0x00);
        _floppy.Out(DigitalOutput, 0x1C);
        for (int unit = 0; unit < 4; unit++)
        {
            Ask(0x08).Should().Equal((byte)(0xC0 | unit), 0);
        }

        _floppy.Out(ConfigurationControl, 0);
        Ask(0x03, 0xAF, (byte)(dma ? 0x02 : 0x03)).Should().BeEmpty();
    }

    private void SetUpDma(int bytes, bool toMemory)
    {
        _dma.First.Out(12, 0);
        _dma.First.Out(11, toMemory ? 0x46 : 0x4A);
        _dma.First.OutAll(4, 0, 0);
        _dma.First.OutAll(5, (byte)(bytes - 1), (byte)((bytes - 1) >> 8));
        _dma.Pages.Out(1, Buffer >> 16);
        _dma.First.Out(10, 2);
    }

    private byte[] Sectors(int first, int count) => [.. Enumerable.Range(first, count).SelectMany(s => _disk.Sector(s).ToArray())];

    [Fact]
    public void DigitalOutput_Reset_InterruptsAndAnswersForFourDrives()
    {
        _floppy.In(MainStatus).Should().Be(0, "it is held in reset");
        _floppy.Out(DigitalOutput, 0x0C);
        _irq.Level.Should().BeTrue();
        _floppy.In(MainStatus).Should().Be(Ready);
        Ask(0x08).Should().Equal(0xC0, 0);
        _irq.Level.Should().BeFalse();
        Ask(0x08).Should().Equal(0xC1, 0);
        Ask(0x08).Should().Equal(0xC2, 0);
        Ask(0x08).Should().Equal(0xC3, 0);
        Ask(0x08).Should().Equal(0x80);
    }

    [Fact]
    public void DataRateSelect_SoftwareReset_IsAPulse()
    {
        Start();
        _floppy.Out(MainStatus, 0x80);
        _irq.Level.Should().BeTrue();
        Ask(0x08).Should().Equal(0xC0, 0);
    }

    [Fact]
    public void DmaGate_Clear_HoldsTheInterruptBack()
    {
        _floppy.Out(DigitalOutput, 0x04);
        _irq.Level.Should().BeFalse();
        _floppy.Out(DigitalOutput, 0x0C);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Version_Configure_DumpRegisters_TellAnEnhancedController()
    {
        Start();
        Ask(0x10).Should().Equal(0x90);
        Ask(0x13, 0, 0x57, 0x20).Should().BeEmpty();
        Ask(0x12, 0x84).Should().BeEmpty();
        Ask(0x94).Should().Equal(0x10);
        Ask(0x0E).Should().Equal(0, 0, 0, 0, 0xAF, 0x02, 0, 0x84, 0x57, 0x20);
        Ask(0x18).Should().Equal(0x80); // an 82077AA has no PART ID
    }

    [Theory]
    [InlineData(0x94, 0x47)]
    [InlineData(0x14, 0x20)]
    public void Lock_KeepsTheConfigurationInAReset(int command, int configuration)
    {
        Start();
        Ask(0x13, 0, 0x47, 0);
        Ask((byte)command);
        Start();
        Ask(0x0E)[8].Should().Be((byte)configuration);
    }

    [Fact]
    public void Seek_Recalibrate_InterruptAndMove()
    {
        Start();
        Ask(0x0F, 0, 5);
        _irq.Level.Should().BeTrue();
        Ask(0x08).Should().Equal(0x20, 5);
        _irq.Level.Should().BeFalse();
        Ask(0x04, 0).Should().Equal(0x28);
        Ask(0x07, 0);
        Ask(0x08).Should().Equal(0x20, 0);
        Ask(0x04, 4).Should().Equal(0x3C); // head 1, track 0
        Ask(0x07, 1);
        Ask(0x08).Should().Equal(0x71, 0); // there is no drive B
    }

    [Fact]
    public void SenseInterrupt_TwoSeeks_AreToldOneByOne()
    {
        _floppy.Attach(1, new FloppyDrive());
        Start();
        Ask(0x0F, 0, 5);
        Ask(0x0F, 1, 7);
        int before = _irq.Rises;
        Ask(0x08).Should().Equal(0x20, 5);
        (_irq.Level, _irq.Rises).Should().Be((true, before + 1));
        Ask(0x08).Should().Equal(0x21, 7);
        _irq.Level.Should().BeFalse();
    }

    [Fact]
    public void DigitalInput_DiskChange_EndsWithAStep()
    {
        Start();
        _floppy.In(DigitalInput).Should().Be(0x80);
        Ask(0x0F, 0, 0);
        _floppy.In(DigitalInput).Should().Be(0x80, "the heads did not move");
        Ask(0x0F, 0, 1);
        _floppy.In(DigitalInput).Should().Be(0x00);
        _drive.ChangeMedium(null);
        Ask(0x0F, 0, 2);
        _floppy.In(DigitalInput).Should().Be(0x80, "the drive is empty");
    }

    [Fact]
    public void ReadData_Dma_StopsAtTerminalCount()
    {
        Start();
        SetUpDma(3 * 512, toMemory: true);
        Ask(0x0F, 0, 2);
        Ask(0x08);

        byte[] result = Ask(0xE6, 0x04, 2, 1, 4, 2, 18, 0x1B, 0xFF);

        result.Should().Equal(0x04, 0, 0, 2, 1, 7, 2);
        _ram.At(Buffer, 3 * 512).ToArray().Should().Equal(Sectors((((2 * 2) + 1) * 18) + 3, 3));
        _ram.At(Buffer + (3 * 512), 1)[0].Should().Be(0);
    }

    [Fact]
    public void ReadData_Interrupt_EndsWithTheFirstResultByte()
    {
        Start();
        SetUpDma(512, toMemory: true);
        _floppy.OutAll(Fifo, 0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
        _irq.Level.Should().BeTrue();
        _floppy.In(MainStatus).Should().Be(HasResult);
        _floppy.In(Fifo);
        _irq.Level.Should().BeFalse();
    }

    [Fact]
    public void ReadData_MultiTrack_GoesOnAtTheOtherSide()
    {
        Start();
        SetUpDma(36 * 512, toMemory: true);
        Ask(0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF).Should().Equal(0, 0, 0, 1, 0, 1, 2);
        _ram.At(Buffer, 36 * 512).ToArray().Should().Equal(Sectors(0, 36));
    }

    [Fact]
    public void ReadData_PastTheTrack_IsEndOfCylinder()
    {
        Start();
        SetUpDma(36 * 512, toMemory: true);
        Ask(0x46, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF).Should().Equal(0x40, 0x80, 0, 1, 0, 1, 2);
    }

    [Fact]
    public void ReadData_ChannelMasked_IsAnOverrun()
    {
        Start();
        Ask(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)[..2].Should().Equal(0x40, 0x10);
    }

    [Theory]
    [InlineData(0, 0, 19, 2, 0x04, 0x00)] // no sector 19
    [InlineData(0, 1, 1, 2, 0x04, 0x00)]  // the address names the other head
    [InlineData(3, 0, 1, 2, 0x04, 0x10)]  // the heads are over cylinder 0
    [InlineData(0, 0, 1, 3, 0x04, 0x00)]  // no sectors of 1,024 bytes
    public void ReadData_NoSuchSector_HasNoData(byte cylinder, byte head, byte number, byte size, byte status1, byte status2)
    {
        Start();
        SetUpDma(512, toMemory: true);
        Ask(0x46, 0, cylinder, head, number, size, 36, 0x1B, 0xFF)[..3].Should().Equal(0x40, status1, status2);
    }

    [Fact]
    public void ReadData_ImpliedSeek_MovesTheHeads()
    {
        Start();
        Ask(0x13, 0, 0x57, 0);
        SetUpDma(512, toMemory: true);
        Ask(0x46, 0, 40, 0, 1, 2, 18, 0x1B, 0xFF)[0].Should().Be(0);
        _ram.At(Buffer, 512).ToArray().Should().Equal(Sectors(40 * 36, 1));
    }

    [Fact]
    public void ReadData_NoMediumOrWrongRate_FindsNoAddressMark()
    {
        Start();
        _floppy.Out(ConfigurationControl, 2);
        Ask(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)[..2].Should().Equal(0x40, 0x01);
        _floppy.Out(ConfigurationControl, 0);
        _drive.ChangeMedium(null);
        Ask(0x4A, 0)[..2].Should().Equal(0x40, 0x01);
    }

    [Fact]
    public void ReadData_HostFails_IsADataError()
    {
        Start();
        _disk.BadSector = 1;
        SetUpDma(1024, toMemory: true);
        Ask(0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF).Should().Equal(0x40, 0x20, 0x20, 0, 0, 2, 2);
    }

    [Fact]
    public void WriteData_Dma_ReachesTheDisk()
    {
        Start();
        byte[] data = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 3))];
        data.CopyTo(_ram.At(Buffer, 1000));
        SetUpDma(1000, toMemory: false);
        Ask(0x45, 0, 0, 0, 3, 2, 18, 0x1B, 0xFF).Should().Equal(0, 0, 0, 0, 0, 5, 2);
        Sectors(2, 2).Should().Equal([.. data, .. new byte[24]]); // zeros to the end of the sector
        Sectors(4, 1)[0].Should().Be(5);
    }

    [Fact]
    public void WriteData_DiskFull_IsAFaultyDrive()
    {
        Start();
        _disk.WriteResult = DiskResult.NoSpace;
        SetUpDma(512, toMemory: false);
        Ask(0x45, 0, 0, 0, 3, 2, 18, 0x1B, 0xFF)[..2].Should().Equal(0x50, 0x20);
    }

    [Fact]
    public void WriteData_Protected_IsRefused()
    {
        Start();
        _drive.ChangeMedium(new MemoryDisk(2880) { IsReadOnly = true });
        SetUpDma(512, toMemory: false);
        Ask(0x45, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)[..2].Should().Equal(0x40, 0x02);
        Ask(0x4D, 0, 2, 18, 0x54, 0xF6)[..2].Should().Equal(0x40, 0x02);
        Ask(0x04, 0)[0].Should().Be(0x78);
    }

    [Fact]
    public void ReadData_NonDma_HostReadsTheFifo()
    {
        Start(dma: false);
        _floppy.OutAll(Fifo, 0x46, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF);
        byte[] data = new byte[1024];
        for (int i = 0; i < data.Length; i++)
        {
            _irq.Level.Should().Be(i % 512 == 0, "each sector interrupts");
            _floppy.In(MainStatus).Should().Be(0xF0);
            data[i] = _floppy.In(Fifo);
        }

        data.Should().Equal(Sectors(16, 2));
        _irq.Level.Should().BeTrue();
        Ask().Should().Equal(0x40, 0x80, 0, 1, 0, 1, 2); // nobody drives TC
    }

    [Fact]
    public void WriteData_NonDma_HostWritesTheFifo()
    {
        Start(dma: false);
        _floppy.OutAll(Fifo, 0x45, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF);
        _floppy.In(MainStatus).Should().Be(0xB0);
        for (int i = 0; i < 512; i++)
        {
            _floppy.Out(Fifo, 0xAB);
        }

        Sectors(17, 1).Should().OnlyContain(b => b == 0xAB);
        Ask()[..2].Should().Equal(0x40, 0x80);
    }

    [Fact]
    public void FormatTrack_Dma_FillsTheNamedSectors()
    {
        Start();
        Ask(0x0F, 0, 1);
        Ask(0x08);
        for (int i = 0; i < 18; i++)
        {
            new byte[] { 1, 1, (byte)(i + 1), 2 }.CopyTo(_ram.At(Buffer + (4 * i), 4));
        }

        SetUpDma(18 * 4, toMemory: false);
        Ask(0x4D, 4, 2, 18, 0x54, 0xF6)[..3].Should().Equal(4, 0, 0);
        Sectors(36 + 18, 18).Should().OnlyContain(b => b == 0xF6);
        Sectors(36 + 17, 1)[0].Should().NotBe(0xF6);
    }

    [Theory]
    [InlineData(720, 2, 39, 9)]
    [InlineData(720, 1, 39, 9)]
    [InlineData(1440, 2, 79, 9)]
    [InlineData(2400, 0, 79, 15)]
    [InlineData(2880, 0, 79, 18)]
    [InlineData(5760, 3, 79, 36)]
    [InlineData(1000, 0, 26, 18)] // a cut image of 1.44M
    public void Media_OfEachSize_HaveTheirLastSector(int sectors, int rate, byte cylinder, byte number)
    {
        Start();
        var disk = new MemoryDisk(sectors);
        _drive.ChangeMedium(disk);
        _floppy.Out(ConfigurationControl, rate);
        Ask(0x0F, 0, cylinder);
        Ask(0x08);
        Ask(0x4A, 0).Should().Equal(0, 0, 0, cylinder, 0, 1, 2);
        SetUpDma(512, toMemory: true);
        Ask(0x46, 0, cylinder, 0, number, 2, number, 0x1B, 0xFF)[0].Should().Be(0);
        _ram.At(Buffer, 512)[0].Should().Be(disk.Sector((cylinder * 2 * number) + number - 1)[0]);
        SetUpDma(512, toMemory: true);
        Ask(0x46, 0, cylinder, 0, (byte)(number + 1), 2, 255, 0x1B, 0xFF)[..2].Should().Equal(0x40, 0x04);
    }

    [Fact]
    public void State_WithinASector_ContinuesInAnotherController()
    {
        Start(dma: false);
        _floppy.OutAll(Fifo, 0x46, 0, 0, 0, 2, 2, 18, 0x1B, 0xFF);
        _floppy.In(Fifo);
        var other = new FloppyController(new Wire(), _dma.Channel(2));
        other.Attach(0, new FloppyDrive(_disk));
        other.Load(_floppy.Save());
        for (int i = 1; i < 512; i++)
        {
            other.In(Fifo).Should().Be(2);
        }

        other.In(Fifo).Should().Be(3);
    }

    [Fact]
    public void Storm_AnyCommands_EndInAResultOrAWait() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        Bench bench = Make();
        bench.Part.Out(DigitalOutput, 0x0C);
        byte[] commands = [0x46, 0xE6, 0x45, 0xC5, 0x4D, 0x4A, 0x0F, 0x07, 0x08, 0x03, 0x13, 0x0E, 0x04, 0xFF];
        foreach (uint step in storm)
        {
            byte value = (step & 3) == 0 ? (byte)(step >> 8) : (byte)((step >> 8) % 20);
            bool starts = bench.Part.In(MainStatus) == Ready;
            switch ((step >> 4) & 0xF)
            {
                case 0:
                    bench.Part.Out((int)(step >> 8) & 7, value);
                    bench.Part.Out(DigitalOutput, 0x0C | (value & 1));
                    break;
                case < 6:
                    for (int i = 0; i < 300; i++)
                    {
                        bench.Part.In(Fifo);
                    }

                    break;
                default:
                    bench.Part.Out(Fifo, starts ? commands[value % commands.Length] : value);
                    break;
            }

            (bench.Part.In(MainStatus) & Ready).Should().Be(Ready, "it never hangs");
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
