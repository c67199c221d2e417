using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class MmioBusTests
{
    private readonly MmioBus _bus = new();
    private readonly List<UnmappedAccess> _unmapped = [];

    public MmioBusTests() => _bus.Unmapped = _unmapped.Add;

    [Fact]
    public void Write_InsideADevice_ArrivesWhole()
    {
        var device = new RecordingDevice();
        _bus.Map(0xFEC0_0000, 0x1000, device);

        _bus.Write(0xFEC0_0010, 8, 0x1122_3344_5566_7788);

        device.Accesses.Should().Equal("write 10 8 1122334455667788");
    }

    [Fact]
    public void Read_AcrossTwoDevices_TakesEachByteFromItsOwn()
    {
        _bus.Map(0x1000, 0x10, new RecordingDevice { Answer = 0x11 });
        _bus.Map(0x1010, 0x10, new RecordingDevice { Answer = 0x22 });

        _bus.Read(0x100F, 2).Should().Be(0x2211);
    }

    [Fact]
    public void Read_NoDevice_GivesOnesAndOneReport()
    {
        _bus.Read(0xB_8000, 3).Should().Be(0xFF_FFFF);
        _unmapped.Should().Equal(new UnmappedAccess(AccessSpace.Memory, ExitDirection.Read, 0xB_8000, 3, 0));
    }

    [Fact]
    public void Read_HighestAddress_Works()
    {
        _bus.Map(ulong.MaxValue, 1, new RecordingDevice { Answer = 0x33 });
        _bus.Read(ulong.MaxValue, 1).Should().Be(0x33);
    }

    [Theory]
    [InlineData(0x0FFF, 2)]
    [InlineData(0x1008, 1)]
    [InlineData(0x100F, 0x10)]
    public void Map_Overlap_Throws(ulong first, ulong length)
    {
        _bus.Map(0x1000, 0x10, new RecordingDevice());
        Action map = () => _bus.Map(first, length, new RecordingDevice());
        map.Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Read_AnyMappings_ReachesTheDeviceThatHoldsTheAddress()
    {
        Gen<int[]> slots = Gen.Choose(0, 63).ArrayOf();
        Prop.ForAll(slots.ToArbitrary(), Gen.Choose(0, 1023).ToArbitrary(), (taken, address) =>
        {
            var bus = new MmioBus();
            foreach (int slot in taken.Distinct())
            {
                bus.Map((ulong)slot * 16, 16, new RecordingDevice { Answer = (ulong)slot });
            }

            ulong expected = taken.Contains(address / 16) ? (ulong)(address / 16) : 0xFF;
            return bus.Read((ulong)address, 1) == expected;
        }).QuickCheckThrowOnFailure();
    }
}
