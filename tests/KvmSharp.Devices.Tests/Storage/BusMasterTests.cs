using static KvmSharp.Devices.Tests.IdeBench;

namespace KvmSharp.Devices.Tests;

public sealed class BusMasterTests
{
    private const uint Last = 0x8000_0000;
    private const int Active = 1;
    private const int Error = 2;
    private const int Interrupt = 4;
    private const int DataPlace = 0x2_0000;

    private readonly MemoryDisk _disk = new(1000);
    private readonly IdeBench _ide = new();

    public BusMasterTests()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(_disk));
    }

    private byte[] Memory(int address, int count) => _ide.Ram.At(address, count).ToArray();

    private byte[] Sectors(int first, int count) => [.. Enumerable.Range(first, count).SelectMany(s => _disk.Sector(s).ToArray())];

    [Fact]
    public void ReadDma_TwoRegions_AreFilled()
    {
        _ide.Start28(0xC8, sector: 10, count: 4);
        _ide.In(Control).Should().Be(0x58, "the drive waits for the bus master");
        _ide.Irq14.Level.Should().BeFalse();

        _ide.StartBusMaster(toMemory: true, (DataPlace, 600), (DataPlace + 0x1000, 1448 | Last));

        _ide.Irq14.Level.Should().BeTrue();
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        _ide.In(Status).Should().Be(0x50);
        byte[] expected = Sectors(10, 4);
        Memory(DataPlace, 600).Should().Equal(expected[..600]);
        Memory(DataPlace + 0x1000, 1448).Should().Equal(expected[600..]);
        Memory(DataPlace + 600, 1)[0].Should().Be(0);
    }

    [Fact]
    public void ReadDma_StartedBeforeTheCommand_RunsToo()
    {
        _ide.StartBusMaster(toMemory: true, (DataPlace, 512 | Last));
        _ide.In(BusMasterStatus).Should().Be(Active);
        _ide.Start48(0x25, sector: 3, count: 1);
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        Memory(DataPlace, 512).Should().Equal(Sectors(3, 1));
    }

    [Fact]
    public void WriteDma_CountZero_Is64KiB()
    {
        byte[] data = [.. Enumerable.Range(0, 128 * 512).Select(i => (byte)(i * 13))];
        data.CopyTo(_ide.Ram.At(DataPlace, data.Length));
        _ide.Start48(0x35, sector: 100, count: 128);
        _ide.StartBusMaster(toMemory: false, (DataPlace, 0 | Last));
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        _ide.In(Status).Should().Be(0x50);
        Sectors(100, 128).Should().Equal(data);
    }

    [Fact]
    public void ReadDma_LargeTransfer_ReadsInLargePieces()
    {
        _ide.Start48(0x25, sector: 0, count: 512);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 0), (DataPlace + 0x1_0000, 0), (DataPlace + 0x2_0000, 0), (DataPlace + 0x3_0000, 0 | Last));
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        _disk.LargestRead.Should().Be(128);
        Memory(DataPlace, 512 * 512).Should().Equal(Sectors(0, 512));
    }

    [Fact]
    public void Table_LargerThanTheCommand_StaysActive()
    {
        _ide.Start28(0xC8, sector: 0, count: 1);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 2048 | Last));
        _ide.In(BusMasterStatus).Should().Be(Interrupt | Active);
        _ide.Out(BusMasterCommand, 0);
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        _ide.Out(BusMasterStatus, Interrupt);
        _ide.In(BusMasterStatus).Should().Be(0);
    }

    [Fact]
    public void Table_TooShort_LeavesTheDriveWaitingForMore()
    {
        _ide.Start28(0xC8, sector: 20, count: 4);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 1024 | Last));
        _ide.In(BusMasterStatus).Should().Be(0);
        _ide.In(Control).Should().Be(0x58);
        _ide.Irq14.Level.Should().BeFalse();

        _ide.Out(BusMasterCommand, 0);
        _ide.StartBusMaster(toMemory: true, (DataPlace + 1024, 1024 | Last));
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
        Memory(DataPlace, 2048).Should().Equal(Sectors(20, 4));
    }

    [Theory]
    [InlineData(0xC8)]
    [InlineData(0xCA)]
    public void Region_OutsideMemory_IsAnError(int command)
    {
        _ide.Start28(command, sector: 0, count: 4);
        _ide.StartBusMaster(toMemory: command == 0xC8, (0xFFFF_0000, 0 | Last));
        _ide.In(BusMasterStatus).Should().Be(Error);
        _ide.Out(BusMasterStatus, Error);
        _ide.In(BusMasterStatus).Should().Be(0);
        Sectors(0, 1)[0].Should().Be(1, "nothing was written");

        _ide.Out(Control, 4);
        _ide.Out(Control, 0);
        _ide.In(Status).Should().Be(0x50, "a reset frees the drive");
    }

    [Fact]
    public void Table_OutsideMemory_IsAnError()
    {
        _ide.Start28(0xC8, sector: 0, count: 1);
        _ide.WritePort(BusMasterTable, 4, 0xFFFF_FFF0);
        _ide.Out(BusMasterCommand, 9);
        _ide.In(BusMasterStatus).Should().Be(Error);
    }

    [Fact]
    public void Table_WithoutEnd_StopsAfter64KiB()
    {
        _ide.Ide.Primary.Attach(0, new AtaDrive(new MemoryDisk(1000)));
        _ide.Start48(0x25, sector: 0, count: 900);
        for (int i = 0; i < (1 << 20) - DataPlace; i += 8)
        {
            _ide.Ram.At(DataPlace + i, 8)[4] = 2; // address 0, two bytes, no end
        }

        _ide.WritePort(BusMasterTable, 4, DataPlace);
        _ide.Out(BusMasterCommand, 9);
        _ide.In(BusMasterStatus).Should().Be(Error);
    }

    [Fact]
    public void BusMasterBit_Clear_HoldsTheTransfer()
    {
        _ide.Ide.WriteConfig(PciRegister.Command, 2, (uint)PciCommand.PortSpace);
        _ide.Start28(0xC8, sector: 0, count: 1);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 512 | Last));
        _ide.In(BusMasterStatus).Should().Be(Active);
        _ide.Ide.WriteConfig(PciRegister.Command, 2, (uint)(PciCommand.PortSpace | PciCommand.BusMaster));
        _ide.In(BusMasterStatus).Should().Be(Interrupt);
    }

    [Fact]
    public void ReadDma_HostFails_InterruptsWithTheSector()
    {
        _disk.BadSector = 130;
        _ide.Start48(0x25, sector: 0, count: 256);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 0), (DataPlace + 0x1_0000, 0 | Last));
        _ide.In(BusMasterStatus).Should().Be(Interrupt | Active);
        (_ide.In(Status), _ide.In(IdeBench.Error), _ide.In(LbaLow)).Should().Be((0x51, 0x40, 128), "the first sector that did not come");
    }

    [Fact]
    public void WriteDma_DiskFull_IsADeviceFault()
    {
        _disk.WriteResult = DiskResult.NoSpace;
        _ide.Start28(0xCA, sector: 0, count: 1);
        _ide.StartBusMaster(toMemory: false, (DataPlace, 512 | Last));
        (_ide.In(Status), _ide.In(IdeBench.Error)).Should().Be((0x71, 4));
    }

    [Fact]
    public void State_WithinAShortTable_ContinuesInAnotherController()
    {
        _ide.Start28(0xC8, sector: 20, count: 4);
        _ide.StartBusMaster(toMemory: true, (DataPlace, 1024 | Last));
        var other = new IdeBench();
        other.Ide.Primary.Attach(0, new AtaDrive(_disk));
        other.Load(_ide.Save());

        other.Out(BusMasterCommand, 0);
        other.StartBusMaster(toMemory: true, (DataPlace, 1024 | Last));

        other.Irq14.Level.Should().BeTrue();
        other.Ram.At(DataPlace, 1024).ToArray().Should().Equal(Sectors(22, 2));
    }
}
