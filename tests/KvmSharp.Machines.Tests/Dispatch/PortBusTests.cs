namespace KvmSharp.Machines.Tests;

public class PortBusTests
{
    private readonly PortBus _bus = new();
    private readonly List<UnmappedAccess> _unmapped = [];

    public PortBusTests() => _bus.Unmapped = _unmapped.Add;

    [Fact]
    public void Write_MappedPort_ArrivesWithItsOffset()
    {
        var device = new RecordingDevice();
        _bus.Map(0x3F8, 8, device);

        _bus.Write(0x3FB, 1, 0xFF83);

        device.Accesses.Should().Equal("write 3 1 83");
    }

    [Fact]
    public void Write_WiderThanTheDevice_IsSplitLowestPortFirst()
    {
        var device = new RecordingDevice();
        _bus.Map(0x70, 4, device);

        _bus.Write(0x70, 4, 0x44332211);

        device.Accesses.Should().Equal("write 0 1 11", "write 1 1 22", "write 2 1 33", "write 3 1 44");
    }

    [Fact]
    public void Write_WordDevice_GetsADoublewordAsTwoWords()
    {
        var device = new RecordingDevice();
        _bus.Map(0x604, 4, device, maximumWidth: 2);

        _bus.Write(0x604, 4, 0x44332211);

        device.Accesses.Should().Equal("write 0 2 2211", "write 2 2 4433");
    }

    [Fact]
    public void Read_AcrossTheEndOfADevice_TakesOnesFromTheOpenBus()
    {
        var device = new RecordingDevice { Answer = 0x12 };
        _bus.Map(0x60, 1, device, maximumWidth: 4);

        _bus.Read(0x60, 2).Should().Be(0xFF12);

        _unmapped.Should().ContainSingle().Which.Should().Be(new UnmappedAccess(AccessSpace.Port, ExitDirection.Read, 0x61, 1, 0));
    }

    [Theory]
    [InlineData(1, 0xFFu)]
    [InlineData(2, 0xFFFFu)]
    [InlineData(4, 0xFFFF_FFFFu)]
    public void Read_NoDevice_GivesOnesAndOneReport(int width, uint expected)
    {
        _bus.Read(0x1F0, width).Should().Be(expected);
        _unmapped.Should().ContainSingle().Which.Width.Should().Be(width);
    }

    [Fact]
    public void Read_LastPort_WrapsToTheFirst()
    {
        _bus.Map(0xFFFF, 1, new RecordingDevice { Answer = 0x11 });
        _bus.Map(0, 1, new RecordingDevice { Answer = 0x22 });

        _bus.Read(0xFFFF, 2).Should().Be(0x2211);
    }

    [Fact]
    public void Read_SecondOffset_ReachesTheSameDevice()
    {
        var device = new RecordingDevice();
        _bus.Map(0x60, 1, device);
        _bus.Map(0x64, 1, device, firstOffset: 1);

        _bus.Read(0x64, 1);

        device.Accesses.Should().Equal("read 1 1");
    }

    [Fact]
    public void Map_TakenPort_Throws()
    {
        _bus.Map(0x60, 2, new RecordingDevice());
        Action map = () => _bus.Map(0x61, 1, new RecordingDevice());
        map.Should().Throw<InvalidOperationException>().WithMessage("*61h*");
    }
}
