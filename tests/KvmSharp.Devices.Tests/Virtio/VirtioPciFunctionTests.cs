namespace KvmSharp.Devices.Tests;

public sealed class VirtioPciFunctionTests : StatefulContract<StormPorts<VirtioPciFunction, VirtioPciState>, VirtioPciState>
{
    private const int CapabilityBytes = 16;

    private readonly VirtioDriver _driver = new(new VirtioRng(new CountingSource()));

    // The common structure, one byte of ISR status, the device's configuration, notifications, and behind them the configuration space.
    protected override int Ports => 0x80 + PciConfigSpace.Length;

    internal override Bench Make()
    {
        var wire = new Wire();
        var clock = new ManualClock();
        var function = new VirtioPciFunction(new VirtioConsole(new Screen(), new ManualClock()), new FlatMemory(0), clock, wire);
        return new Bench(
            new(function, (offset, width) => Read(function, offset, width), (offset, width, value) => Write(function, offset, width, value)), clock, wire);
    }

    // Ready with a ring in memory that is not there: the device stops and says so.
    internal override void Disturb(Bench bench)
    {
        VirtioPciFunction function = bench.Part.Part;
        function.WriteConfig(PciRegister.Command, 2, (uint)(PciCommand.MemorySpace | PciCommand.BusMaster));
        function.WriteMmio(VirtioRegister.DriverFeatureSelect, 4, 1);
        function.WriteMmio(VirtioRegister.DriverFeature, 4, 1);
        function.WriteMmio(VirtioRegister.QueueEnable, 2, 1);
        function.WriteMmio(VirtioRegister.DeviceStatus, 1, (ulong)VirtioDriver.Ready);
    }

    [Fact]
    public void Identity_IsThatOfAModernDevice()
    {
        _driver.Function.ReadConfig(PciRegister.VendorId, 4).Should().Be(0x1044_1AF4);
        _driver.Function.ReadConfig(PciRegister.Revision, 1).Should().Be(1);
        _driver.Function.ReadConfig(PciRegister.SubsystemId, 2).Should().BeGreaterThanOrEqualTo(0x40);
        _driver.Function.ReadConfig(PciRegister.InterruptPin, 1).Should().Be(1);
    }

    [Fact]
    public void Capabilities_AreAListOfAllFiveStructures()
    {
        _driver.Function.ReadConfig(PciRegister.Status, 2).Should().Be((uint)PciStatus.CapabilitiesList);
        var types = new List<uint>();
        uint multiplier = 0;
        for (uint at = _driver.Function.ReadConfig(PciRegister.Capabilities, 1); at != 0; at = _driver.Function.ReadConfig((int)at + 1, 1))
        {
            _driver.Function.ReadConfig((int)at, 1).Should().Be(0x09, "vendor specific");
            uint type = _driver.Function.ReadConfig((int)at + 3, 1);
            types.Add(type);
            if (type < 5)
            {
                _driver.Function.ReadConfig((int)at + 4, 1).Should().Be(VirtioPciFunction.WindowBar);
                _driver.Function.ReadConfig((int)at + 8, 4).Should().Be(type switch { 1 => 0u, 2 => 0x3000u, 3 => 0x1000u, _ => 0x2000u });
                _driver.Function.ReadConfig((int)at + 12, 4).Should().BePositive();
            }

            multiplier = type == 2 ? _driver.Function.ReadConfig((int)at + CapabilityBytes, 4) : multiplier;
        }

        types.Should().BeEquivalentTo([1, 2, 3, 4, 5]);
        multiplier.Should().Be(4);
    }

    [Fact]
    public void DeviceFeature_OffersVersion1IndirectAndEventIndex()
    {
        _driver.Write(VirtioRegister.DeviceFeatureSelect, 4, 1);
        _driver.Read(VirtioRegister.DeviceFeature, 4).Should().Be(VirtioFeature.Version1 >> 32);
        _driver.Write(VirtioRegister.DeviceFeatureSelect, 4, 0);
        _driver.Read(VirtioRegister.DeviceFeature, 4).Should().Be(VirtioFeature.IndirectDescriptors | VirtioFeature.EventIndex);
        _driver.Write(VirtioRegister.DeviceFeatureSelect, 4, 2);
        _driver.Read(VirtioRegister.DeviceFeature, 4).Should().Be(0);
    }

    [Theory]
    [InlineData(VirtioFeature.Version1, true)]
    [InlineData(VirtioFeature.Version1 | VirtioFeature.EventIndex, true)]
    [InlineData(VirtioFeature.EventIndex, false)] // a driver of the old interface
    [InlineData(VirtioFeature.Version1 | (1UL << 34), false)] // packed rings were not offered
    [InlineData(VirtioFeature.Version1 | (1UL << 40), false)] // VIRTIO_F_RING_RESET neither
    public void DeviceStatus_FeaturesOk_StaysOnlyForWhatWasOffered(ulong features, bool agrees) => _driver.Negotiate(features).Should().Be(agrees);

    [Fact]
    public void DriverFeature_BehindFeaturesOk_IsLocked()
    {
        _driver.Negotiate(VirtioFeature.Version1);
        _driver.Write(VirtioRegister.DriverFeature, 4, 0);
        _driver.Read(VirtioRegister.DriverFeature, 4).Should().Be(1);
    }

    [Fact]
    public void DeviceStatus_DriverOkWithoutFeaturesOk_DoesNotCount()
    {
        _driver.Write(VirtioRegister.DeviceStatus, 1, (ulong)VirtioDriver.Ready);
        _driver.Status.Should().Be(VirtioStatus.Acknowledge | VirtioStatus.Driver);
    }

    [Fact]
    public void DeviceStatus_Zero_ResetsQueuesAndReleasesThePin()
    {
        _driver.Start();
        _driver.Offer(0, (VirtioDriver.Data, 8, true));
        _driver.Notify(0);
        _driver.Pin.Level.Should().BeTrue();

        _driver.Write(VirtioRegister.DeviceStatus, 1, 0);

        _driver.Pin.Level.Should().BeFalse();
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(0);
        _driver.Read(VirtioRegister.QueueEnable, 2).Should().Be(0);
        _driver.Read(VirtioRegister.QueueUsed, 8).Should().Be(0);
        _driver.Read(VirtioRegister.QueueSize, 2).Should().Be(64);
    }

    [Theory]
    [InlineData(32, 32)]
    [InlineData(1, 1)]
    [InlineData(0, 64)]
    [InlineData(24, 64)]  // no power of two
    [InlineData(128, 64)] // more than the device has
    public void QueueSize_TakesPowersOfTwoUpToTheLargest(ulong written, ulong expected)
    {
        _driver.Write(VirtioRegister.QueueSize, 2, written);
        _driver.Read(VirtioRegister.QueueSize, 2).Should().Be(expected);
    }

    [Fact]
    public void QueueSelect_NoSuchQueue_ReadsZeroAndTakesNothing()
    {
        _driver.Write(VirtioRegister.QueueSelect, 2, 7);
        _driver.Write(VirtioRegister.QueueEnable, 2, 1);
        _driver.Write(VirtioRegister.QueueDescriptors, 8, 0x1000);
        _driver.Read(VirtioRegister.QueueSize, 2).Should().Be(0);
        _driver.Read(VirtioRegister.QueueEnable, 2).Should().Be(0);
        _driver.Read(VirtioRegister.QueueDescriptors, 8).Should().Be(0);
        _driver.Notify(7);
        _driver.Read(VirtioRegister.QueueCount, 2).Should().Be(1);
    }

    [Fact]
    public void QueueAddresses_BehindEnable_AreLocked()
    {
        _driver.EnableQueue(0, 16);
        _driver.Write(VirtioRegister.QueueDescriptors, 8, 0x1234);
        _driver.Write(VirtioRegister.QueueSize, 2, 8);
        _driver.Read(VirtioRegister.QueueDescriptors, 8).Should().Be((ulong)VirtioDriver.DescriptorTable(0));
        _driver.Read(VirtioRegister.QueueSize, 2).Should().Be(16);
    }

    [Fact]
    public void QueueAddresses_High_AreTheUpperHalf()
    {
        _driver.Write(VirtioRegister.QueueUsed + 4, 4, 0x1234_5678);
        _driver.Write(VirtioRegister.QueueUsed, 4, 0x9ABC_DEF0);
        _driver.Read(VirtioRegister.QueueUsed, 8).Should().Be(0x1234_5678_9ABC_DEF0);
    }

    [Fact]
    public void IsrStatus_Read_ClearsItAndReleasesThePin()
    {
        _driver.Start();
        _driver.Offer(0, (VirtioDriver.Data, 8, true));
        _driver.Notify(0);
        _driver.Function.ReadConfig(PciRegister.Status, 2).Should().Be((uint)(PciStatus.CapabilitiesList | PciStatus.Interrupt));
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(1);
        _driver.Pin.Level.Should().BeFalse();
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(0);
    }

    [Fact]
    public void Notification_WithoutBusMaster_TouchesNoMemory()
    {
        _driver.Start();
        _driver.Function.WriteConfig(PciRegister.Command, 2, (uint)PciCommand.MemorySpace);
        _driver.Offer(0, (VirtioDriver.Data, 8, true));
        _driver.Notify(0);
        _driver.UsedIndex(0).Should().Be(0);
    }

    [Fact]
    public void ConfigurationAccess_ReachesRegistersNotificationsAndTheIsrStatus()
    {
        _driver.Start();
        Access(VirtioRegister.QueueSize, 2).Should().Be(16);
        _driver.Offer(0, (VirtioDriver.Data, 8, true));
        Access(VirtioDriver.NotificationPage, 2, write: 0);
        _driver.UsedIndex(0).Should().Be(1);
        Access(VirtioDriver.InterruptStatusPage, 1).Should().Be(1);
        _driver.Pin.Level.Should().BeFalse("the read cleared the status");
    }

    [Theory]
    [InlineData(0x1001u, 2u)] // not aligned
    [InlineData(0x4000u, 1u)] // behind the window
    [InlineData(0u, 3u)]      // no width
    [InlineData(0u, 0u)]
    public void ConfigurationAccess_ThatMakesNoSense_DoesNothing(uint offset, uint length)
    {
        _driver.Start();
        Access(offset, length, write: 0);
        Access(offset, length).Should().Be(0);
        _driver.Status.Should().Be(VirtioDriver.Ready);
    }

    [Fact]
    public void ConfigurationAccess_BarThatDoesNotExist_DoesNothing()
    {
        Access(VirtioRegister.QueueSize, 2);
        int capability = AccessCapability();
        _driver.Function.WriteConfig(capability + 4, 1, 0);
        _driver.Function.WriteConfig(capability + CapabilityBytes, 4, 0x55);
        _driver.Function.ReadConfig(capability + CapabilityBytes, 4).Should().Be(0x55, "nothing was read over it");
    }

    private int AccessCapability()
    {
        uint at = _driver.Function.ReadConfig(PciRegister.Capabilities, 1);
        while (_driver.Function.ReadConfig((int)at + 3, 1) != 5)
        {
            at = _driver.Function.ReadConfig((int)at + 1, 1);
        }

        return (int)at;
    }

    private uint Access(uint offset, uint length, uint? write = null)
    {
        int capability = AccessCapability();
        _driver.Function.WriteConfig(capability + 4, 1, VirtioPciFunction.WindowBar);
        _driver.Function.WriteConfig(capability + 8, 4, offset);
        _driver.Function.WriteConfig(capability + 12, 4, length);
        if (write is { } value)
        {
            _driver.Function.WriteConfig(capability + CapabilityBytes, 4, value);
            return 0;
        }

        return _driver.Function.ReadConfig(capability + CapabilityBytes, 4);
    }

    private static uint Read(VirtioPciFunction function, int offset, int width) =>
        offset >= 0x80 ? function.ReadConfig(offset - 0x80, width) : (uint)function.ReadMmio(Place(offset), width);

    private static void Write(VirtioPciFunction function, int offset, int width, uint value)
    {
        if (offset >= 0x80)
        {
            function.WriteConfig(offset - 0x80, width, value);
        }
        else
        {
            function.WriteMmio(Place(offset), width, value);
        }
    }

    private static ulong Place(int offset) => (ulong)(offset switch
    {
        < 0x40 => offset,
        < 0x50 => VirtioDriver.InterruptStatusPage + offset - 0x40,
        < 0x60 => VirtioDriver.DevicePage + offset - 0x50,
        _ => VirtioDriver.NotificationPage + offset - 0x60,
    });

    private sealed class Screen : IConsoleLine
    {
        public void Transmit(ReadOnlySpan<byte> bytes)
        {
        }

        public int Receive(Span<byte> destination) => 0;
    }
}
