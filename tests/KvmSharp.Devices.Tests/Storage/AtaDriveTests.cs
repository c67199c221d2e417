using static KvmSharp.Devices.Tests.IdeBench;

namespace KvmSharp.Devices.Tests;

public sealed class AtaDriveTests
{
    private const int Ready = 0x50; // DRDY and DSC
    private const int Drq = 0x58;
    private const int Failed = 0x51;
    private const int Sectors = 3 * 16 * 63;

    private readonly MemoryDisk _disk = new(Sectors);
    private readonly IdeBench _ide = new();

    public AtaDriveTests()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(_disk));
    }

    private static byte[] Pattern(int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)((i * 7) + (i >> 8)))];

    [Fact]
    public void PowerOn_Registers_HoldTheSignatureOfADisk()
    {
        _ide.In(Error).Should().Be(1, "the diagnostic passed");
        (_ide.In(Count), _ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((1, 1, 0, 0));
        _ide.In(Status).Should().Be(Ready);
        _ide.Irq14.Level.Should().BeFalse();
    }

    [Fact]
    public void Identify_Words_DescribeTheDrive()
    {
        ushort[] words = _ide.Identify();

        (words[1], words[3], words[6]).Should().Be((3, 16, 63));
        string model = string.Concat(words[27..47].SelectMany(w => new[] { (char)(w >> 8), (char)(w & 0xFF) }));
        model.TrimEnd().Should().Be("KvmSharp disk");
        (words[49] & 0x0300).Should().Be(0x0300, "LBA and DMA");
        words[47].Should().Be(0x8010);
        (words[60] | (words[61] << 16)).Should().Be(Sectors);
        (words[100] | (words[101] << 16)).Should().Be(Sectors);
        (words[57] | (words[58] << 16)).Should().Be(Sectors);
        (words[63], words[88]).Should().Be((0x0407, 0x003F));
        (words[83] & 0x7400).Should().Be(0x7400, "48-bit addresses and both flushes");
        (words[85] & 0x20).Should().Be(0x20, "write cache on");
        (words.Sum(w => (w >> 8) + (w & 0xFF)) & 0xFF).Should().Be(0, "the checksum");
        _ide.In(Status).Should().Be(Ready);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(1)]
    public void ReadSectors_EachSector_HasAnInterrupt(int width)
    {
        _ide.Start28(0x20, sector: 5, count: 2);

        for (int sector = 5; sector < 7; sector++)
        {
            _ide.Irq14.Level.Should().BeTrue();
            _ide.In(Control).Should().Be(Drq);
            _ide.Irq14.Level.Should().BeTrue("alternate status acknowledges nothing");
            _ide.In(Status).Should().Be(Drq);
            _ide.Irq14.Level.Should().BeFalse();
            _ide.ReadData(512, width).Should().Equal(_disk.Sector(sector).ToArray());
        }

        _ide.In(Control).Should().Be(Ready);
        _ide.Irq14.Level.Should().BeFalse("a read ends without an interrupt");
        (_ide.In(Count), _ide.In(LbaLow)).Should().Be((0, 6));
    }

    [Fact]
    public void ReadSectors_CountZero_Is256()
    {
        _ide.Start28(0x20, sector: 0, count: 0);
        byte[] data = _ide.ReadData(256 * 512);
        data[^1].Should().Be(_disk.Sector(255)[511]);
        _ide.In(Status).Should().Be(Ready);
    }

    [Fact]
    public void ReadSectors_Chs_CountsHeadsAndSectors()
    {
        _ide.Start28(0x20, sector: (1 << 8) | 10, count: 1, device: 0xA3); // cylinder 1, head 3, sector 10
        _ide.ReadData(512).Should().Equal(_disk.Sector((((1 * 16) + 3) * 63) + 9).ToArray());
    }

    [Fact]
    public void InitializeParameters_OtherTranslation_IsUsedAndReported()
    {
        _ide.Out(Device, 0xA3); // four heads
        _ide.Out(Count, 17);
        _ide.Out(Command, 0x91);
        _ide.In(Status).Should().Be(Ready);

        ushort[] words = _ide.Identify();
        (words[54], words[55], words[56]).Should().Be((Sectors / (4 * 17), 4, 17));
        _ide.Start28(0x20, sector: (1 << 8) | 1, count: 1, device: 0xA0);
        _ide.ReadData(512).Should().Equal(_disk.Sector(4 * 17).ToArray());
    }

    [Theory]
    [InlineData(0xA0, 0)]  // CHS sector 0
    [InlineData(0xA0, 64)] // beyond the track
    [InlineData(0xE0, Sectors)]
    [InlineData(0xE0, Sectors - 1)] // its second sector
    public void ReadSectors_NoSuchSector_IsNotFound(int device, int sector)
    {
        _ide.Start28(0x20, sector, count: 2, device);
        _ide.In(Control).Should().Be(Failed);
        _ide.In(Error).Should().Be(0x10);
        _ide.Irq14.Level.Should().BeTrue();
    }

    [Fact]
    public void WriteSectors_Data_ReachTheDisk()
    {
        byte[] data = Pattern(1024);
        _ide.Start28(0x30, sector: 40, count: 2);
        _ide.In(Status).Should().Be(Drq);
        _ide.Irq14.Rises.Should().Be(0, "the first sector is asked for without an interrupt");

        _ide.WriteData(data.AsSpan(0, 512));
        _ide.Irq14.Level.Should().BeTrue();
        _ide.In(Status).Should().Be(Drq);
        _ide.WriteData(data.AsSpan(512));

        _ide.Irq14.Level.Should().BeTrue();
        _ide.In(Status).Should().Be(Ready);
        _disk.Sector(40).ToArray().Should().Equal(data[..512]);
        _disk.Sector(41).ToArray().Should().Equal(data[512..]);
        _disk.Flushes.Should().Be(0, "the cache is on");
    }

    [Fact]
    public void WriteCache_Off_FlushesEachWrite()
    {
        _ide.Out(Features, 0x82);
        _ide.Out(Command, 0xEF);
        (_ide.Identify()[85] & 0x20).Should().Be(0);
        int before = _disk.Flushes;
        _ide.Start28(0x30, sector: 1, count: 1);
        _ide.WriteData(new byte[512]);
        _disk.Flushes.Should().Be(before + 1);
    }

    [Fact]
    public void Multiple_Blocks_HaveOneInterruptEach()
    {
        _ide.Out(Count, 8);
        _ide.Out(Command, 0xC6);
        _ide.Identify()[59].Should().Be(0x0108);
        _ide.In(Status);
        int before = _ide.Irq14.Rises;

        _ide.Start28(0xC4, sector: 3, count: 20);
        for (int left = 20; left > 0; left -= 8)
        {
            _ide.In(Status).Should().Be(Drq);
            _ide.ReadData(Math.Min(left, 8) * 512);
        }

        _ide.In(Status).Should().Be(Ready);
        (_ide.Irq14.Rises - before).Should().Be(3);

        _ide.Start48(0x39, sector: 100, count: 3);
        _ide.WriteData(Pattern(3 * 512));
        _ide.In(Status).Should().Be(Ready);
        _disk.Sector(102).ToArray().Should().Equal(Pattern(3 * 512)[1024..]);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(32)]
    public void SetMultiple_BadCount_Aborts(int count)
    {
        _ide.Out(Count, count);
        _ide.Out(Command, 0xC6);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 4));
    }

    [Fact]
    public void Multiple_Disabled_Aborts()
    {
        _ide.Start28(0xC4, sector: 0, count: 1);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 4));
    }

    [Fact]
    public void Lba48_Address_GoesThroughBothHalves()
    {
        _ide.Start48(0x24, sector: 0x0102, count: 1);
        _ide.ReadData(512).Should().Equal(_disk.Sector(0x102).ToArray());

        _ide.Start48(0x24, sector: 0x0605_0403_0201, count: 0x0807);
        _ide.In(Error).Should().Be(0x10, "that far the disk does not go");
        (_ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh), _ide.In(Count)).Should().Be((1, 2, 3, 7));
        _ide.Out(Control, 0x80); // HOB
        (_ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh), _ide.In(Count)).Should().Be((4, 5, 6, 8));
        _ide.Out(Features, 0); // any write to the command block clears HOB
        _ide.In(LbaLow).Should().Be(1);
    }

    [Fact]
    public void ReadNativeMax_IsTheLastSector()
    {
        _ide.Start28(0xF8, sector: 0, count: 0);
        (_ide.In(LbaLow) | (_ide.In(LbaMid) << 8)).Should().Be(Sectors - 1);
        _ide.Start48(0x27, sector: 0x0100_0000, count: 0);
        (_ide.In(LbaLow) | (_ide.In(LbaMid) << 8)).Should().Be(Sectors - 1);
        _ide.Out(Control, 0x80);
        _ide.In(LbaLow).Should().Be(0);
    }

    [Fact]
    public void ReadSectors_HostFails_IsUncorrectableAtThatSector()
    {
        _disk.BadSector = 7;
        _ide.Start28(0x20, sector: 6, count: 3);
        _ide.ReadData(512);
        _ide.In(Control).Should().Be(Failed);
        _ide.In(Error).Should().Be(0x40);
        (_ide.In(LbaLow), _ide.In(Count)).Should().Be((7, 2));
        _ide.ReadPort(Data, 2).Should().Be(0xFFFFFFFF, "no data come");
    }

    [Theory]
    [InlineData(DiskResult.NoSpace)]
    [InlineData(DiskResult.HostError)]
    public void WriteSectors_HostFails_IsADeviceFault(DiskResult result)
    {
        _disk.WriteResult = result;
        _ide.Start28(0x30, sector: 9, count: 2);
        _ide.WriteData(new byte[512]);
        (_ide.In(Status), _ide.In(Error), _ide.In(LbaLow)).Should().Be((Failed | 0x20, 4, 9));
    }

    [Fact]
    public void Flush_HostFails_IsADeviceFault()
    {
        _ide.Out(Command, 0xE7);
        (_ide.In(Status), _disk.Flushes).Should().Be((Ready, 1));
        _disk.FlushResult = DiskResult.NoSpace;
        _ide.Out(Command, 0xEA);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed | 0x20, 4));
    }

    [Theory]
    [InlineData(0x30)]
    [InlineData(0x31)]
    [InlineData(0xCA)]
    public void Write_ReadOnlyDisk_IsWriteProtected(int command)
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(100) { IsReadOnly = true }));
        _ide.Start28(command, sector: 0, count: 1);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 0x44));
    }

    [Fact]
    public void Verify_BadSector_IsFound()
    {
        _ide.Start28(0x40, sector: 0, count: 100);
        _ide.In(Status).Should().Be(Ready);
        _disk.BadSector = 50;
        _ide.Start48(0x42, sector: 0, count: 100);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 0x40));
    }

    [Theory]
    [InlineData(0x00)] // NOP
    [InlineData(0x08)] // DEVICE RESET is for packet drives
    [InlineData(0xA0)] // PACKET
    [InlineData(0xA1)]
    [InlineData(0xB0)] // SMART
    [InlineData(0xF1)] // security
    [InlineData(0xFF)]
    public void Command_Unknown_Aborts(int command)
    {
        _ide.Out(Command, command);
        _ide.Irq14.Level.Should().BeTrue();
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 4));
    }

    [Theory]
    [InlineData(0x10)] // RECALIBRATE
    [InlineData(0x1F)]
    [InlineData(0xE1)] // IDLE IMMEDIATE
    [InlineData(0x95)]
    public void Command_WithoutData_InterruptsAtOnce(int command)
    {
        _ide.Out(Command, command);
        _ide.Irq14.Level.Should().BeTrue();
        _ide.In(Status).Should().Be(Ready);
    }

    [Fact]
    public void Seek_BeyondTheEnd_IsNotFound()
    {
        _ide.Start28(0x70, sector: 10, count: 0);
        _ide.In(Status).Should().Be(Ready);
        _ide.Start28(0x70, sector: Sectors, count: 0);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 0x10));
    }

    [Fact]
    public void PowerModes_Standby_EndsWithAnAccess()
    {
        _ide.Out(Command, 0xE0);
        _ide.Out(Command, 0xE5);
        _ide.In(Count).Should().Be(0x00);
        _ide.Start28(0x40, sector: 0, count: 1);
        _ide.Out(Command, 0xE5);
        _ide.In(Count).Should().Be(0xFF);
    }

    [Fact]
    public void Sleep_OnlyAResetWakes()
    {
        _ide.Out(Command, 0xE6);
        _ide.In(Status);
        _ide.Out(Command, 0xEC);
        _ide.In(Status).Should().Be(Ready, "commands are not heard");
        _ide.Out(Control, 4);
        _ide.Out(Control, 0);
        _ide.Identify()[0].Should().Be(0x40);
    }

    [Theory]
    [InlineData(0x22, 0x0407, 0x003F)]
    [InlineData(0x42, 0x0007, 0x043F)]
    [InlineData(0x0C, 0x0407, 0x003F)] // PIO 4 leaves the DMA mode
    public void SetFeatures_TransferMode_IsReported(int mode, int word63, int word88)
    {
        _ide.Out(Features, 3);
        _ide.Out(Count, mode);
        _ide.Out(Command, 0xEF);
        ushort[] words = _ide.Identify();
        (words[63], words[88]).Should().Be(((ushort)word63, (ushort)word88));
    }

    [Theory]
    [InlineData(3, 0x46)] // ultra 6
    [InlineData(3, 0x23)] // multiword 3
    [InlineData(0x99, 0)]
    public void SetFeatures_Unknown_Aborts(int feature, int count)
    {
        _ide.Out(Features, feature);
        _ide.Out(Count, count);
        _ide.Out(Command, 0xEF);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 4));
    }

    [Fact]
    public void Model_LargeDisk_ReportsTheLimitsOfOlderAddresses()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new HugeDisk()));
        ushort[] words = _ide.Identify();
        (words[1], words[3], words[6]).Should().Be((16383, 16, 63));
        (words[60] | (words[61] << 16)).Should().Be(0x0FFF_FFFF);
        ((ulong)words[100] | ((ulong)words[101] << 16) | ((ulong)words[102] << 32)).Should().Be(HugeDisk.Sectors);
    }

    private sealed class HugeDisk : IDisk
    {
        public const ulong Sectors = 0x1_2345_6789;

        public long SectorCount => (long)Sectors;

        public bool IsReadOnly => true;

        public DiskResult Read(long sector, Span<byte> destination) => DiskResult.Done;

        public DiskResult Write(long sector, ReadOnlySpan<byte> source) => DiskResult.ReadOnly;

        public DiskResult Flush() => DiskResult.Done;
    }
}
