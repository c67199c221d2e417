using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

/// <summary>Rings and descriptors, sound and not, shown by the entropy device, which fills whatever it is given.</summary>
public sealed class VirtqueueTests
{
    private const int Queue = 0;
    private const ushort Next = 1;
    private const ushort Write = 2;
    private const ushort Indirect = 4;
    private const int Table = VirtioDriver.Data + 0x1_0000;

    private readonly VirtioDriver _driver = new(new VirtioRng(new CountingSource()));

    [Fact]
    public void Chain_OfSeveralPieces_IsOneRunOfBytes()
    {
        _driver.Start();
        int head = _driver.Offer(Queue, (VirtioDriver.Data, 3, true), (VirtioDriver.Data + 0x100, 0, true), (VirtioDriver.Data + 0x200, 2, true));
        _driver.Notify(Queue);
        _driver.UsedIndex(Queue).Should().Be(1);
        _driver.Used(Queue, 0).Should().Be((head, 5));
        _driver.Memory.Bytes.AsSpan(VirtioDriver.Data, 4).ToArray().Should().Equal(1, 2, 3, 0);
        _driver.Memory.Bytes.AsSpan(VirtioDriver.Data + 0x200, 3).ToArray().Should().Equal(4, 5, 0);
    }

    [Fact]
    public void Rings_GoAround_ManyTimes()
    {
        _driver.Start(size: 4);
        for (int turn = 0; turn < 70_000; turn++)
        {
            int head = _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
            _driver.Notify(Queue);
            if (turn % 4096 == 0)
            {
                _driver.Used(Queue, turn).Should().Be((head, 1));
            }
        }

        _driver.UsedIndex(Queue).Should().Be(70_000 % 65_536);
        _driver.Status.Should().Be(VirtioDriver.Ready);
    }

    [Fact]
    public void IndirectTable_BehindOrdinaryDescriptors_IsFollowed()
    {
        _driver.Start(VirtioFeature.IndirectDescriptors);
        _driver.Describe(VirtioDriver.DescriptorTable(Queue), 0, VirtioDriver.Data, 1, Next | Write, 5);
        _driver.Describe(VirtioDriver.DescriptorTable(Queue), 5, Table, 32, Indirect, 0);
        _driver.Describe(Table, 0, VirtioDriver.Data + 1, 1, Next | Write, 1);
        _driver.Describe(Table, 1, VirtioDriver.Data + 2, 1, Write, 0);
        _driver.OfferHead(Queue, 0);
        _driver.Notify(Queue);
        _driver.Used(Queue, 0).Should().Be((0, 3));
        _driver.Memory.Bytes.AsSpan(VirtioDriver.Data, 4).ToArray().Should().Equal(1, 2, 3, 0);
    }

    [Fact]
    public void AvailableFlags_NoInterrupt_KeepsThePinReleased()
    {
        _driver.Start();
        _driver.SetWord(VirtioDriver.Available(Queue), 1);
        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.UsedIndex(Queue).Should().Be(1);
        _driver.Pin.Level.Should().BeFalse();
    }

    [Fact]
    public void EventIndex_InterruptComes_WhenTheUsedIndexPassesTheWish()
    {
        _driver.Start(VirtioFeature.EventIndex);
        _driver.SetWord(VirtioDriver.Available(Queue) + 4 + (16 * 2), 1); // used_event: tell me of the second
        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.Pin.Level.Should().BeFalse();
        _driver.Word(VirtioDriver.UsedRing(Queue) + 4 + (16 * 8)).Should().Be(1, "avail_event: notify me for the second");

        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.Pin.Level.Should().BeTrue();
        _driver.Read(VirtioDriver.InterruptStatusPage, 1);

        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.Pin.Level.Should().BeFalse("the wish was passed before");
    }

    [Fact]
    public void DriverOk_WithChainsInTheRing_ServesThem()
    {
        _driver.Negotiate(VirtioFeature.Version1);
        _driver.EnableQueue(Queue, 16);
        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.UsedIndex(Queue).Should().Be(0, "no chain is touched before the driver is ready");
        _driver.Write(VirtioRegister.DeviceStatus, 1, (ulong)VirtioDriver.Ready);
        _driver.UsedIndex(Queue).Should().Be(1);
    }

    /// <summary>What a hostile driver does, by name.</summary>
    public static TheoryData<string> Nonsense { get; } =
    [
        "loop of two", "loop of one", "head outside the table", "next outside the table", "writable, then readable", "buffer outside memory",
        "buffer that wraps around", "index too far ahead", "indirect without agreement", "indirect in indirect", "indirect with next", "loop in indirect",
        "indirect of half a descriptor", "indirect of nothing", "indirect outside memory", "indirect longer than any queue",
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void Nonsense_StopsTheDevice_WhichSaysSo(string what)
    {
        _driver.Start(what == "indirect without agreement" ? 0 : VirtioFeature.IndirectDescriptors);
        Build(what);
        _driver.Notify(Queue);

        _driver.Status.Should().Be(VirtioDriver.Ready | VirtioStatus.NeedsReset);
        _driver.Pin.Level.Should().BeTrue();
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(2, "a configuration change");
        _driver.UsedIndex(Queue).Should().Be(0);

        _driver.SetWord(VirtioDriver.Available(Queue) + 2, 0);
        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Notify(Queue);
        _driver.UsedIndex(Queue).Should().Be(0, "it has stopped");

        _driver.Write(VirtioRegister.DeviceStatus, 1, 0);
        _driver.Start();
        _driver.UsedIndex(Queue).Should().Be(1, "a reset makes it good again");
    }

    [Theory]
    [InlineData(VirtioRegister.QueueDescriptors, 0x7FFF_0000)]
    [InlineData(VirtioRegister.QueueDescriptors, 0xF_FFF8)] // memory ends within the first
    [InlineData(VirtioRegister.QueueDescriptors, 0xFFFF_FFFF_FFFF_FFF0)] // the second would be at 0
    [InlineData(VirtioRegister.QueueAvailable, 0x7FFF_0000)]
    [InlineData(VirtioRegister.QueueAvailable, 0xF_FFFE)]
    [InlineData(VirtioRegister.QueueAvailable, 0xFFFF_FFFF_FFFF_FFFE)]
    [InlineData(VirtioRegister.QueueUsed, 0x7FFF_0000)]
    [InlineData(VirtioRegister.QueueUsed, 0xF_FFFE)]
    [InlineData(VirtioRegister.QueueUsed, 0xFFFF_FFFF_FFFF_FFFC)]
    public void QueueAddress_OutsideMemory_StopsTheDevice(int register, ulong address)
    {
        _driver.Negotiate(VirtioFeature.Version1);
        _driver.Offer(Queue, (VirtioDriver.Data, 1, true));
        _driver.Write(VirtioRegister.QueueDescriptors, 8, (ulong)VirtioDriver.DescriptorTable(Queue));
        _driver.Write(VirtioRegister.QueueAvailable, 8, (ulong)VirtioDriver.Available(Queue));
        _driver.Write(VirtioRegister.QueueUsed, 8, (ulong)VirtioDriver.UsedRing(Queue));
        _driver.Write(register, 8, address);
        _driver.Write(VirtioRegister.QueueEnable, 2, 1);
        _driver.SetWord(0, 1); // what a ring that wraps around would find: one chain
        _driver.Write(VirtioRegister.DeviceStatus, 1, (ulong)VirtioDriver.Ready);
        _driver.Status.Should().HaveFlag(VirtioStatus.NeedsReset);
    }

    [Fact]
    public void Driver_ThatFeedsItself_GetsTurnAfterTurn()
    {
        // The device writes the available index, each time one further: there is always one more chain.
        var driver = new VirtioDriver(new VirtioRng(new IndexSource())).Start();
        driver.Offer(Queue, (VirtioDriver.Available(Queue) + 2, 2, true));
        driver.Notify(Queue);
        driver.UsedIndex(Queue).Should().Be(16, "a turn ends behind as many chains as the queue is long");
        driver.Clock.AdvanceBy(10_000);
        driver.UsedIndex(Queue).Should().Be(32);
        driver.Write(VirtioRegister.DeviceStatus, 1, 0);
        driver.Clock.AnyArmed.Should().BeFalse("a reset ends it");
    }

    [Fact]
    public void Storm_RandomRings_NeverThrowsAndEndsEachTurn() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        var driver = new VirtioDriver(new VirtioRng(new CountingSource()));
        driver.Start(VirtioFeature.IndirectDescriptors | VirtioFeature.EventIndex);
        int size = driver.QueueSize(Queue);
        foreach (uint step in storm)
        {
            // Mostly small values, which are sound by chance; now and then any.
            int place = (int)((step >> 3) % 0x80) * 2;
            ushort value = (step & 4) != 0 ? (ushort)((step >> 16) % 20) : (ushort)(step >> 16);
            int ring = (int)((step >> 10) % 4) switch
            {
                0 => VirtioDriver.DescriptorTable(Queue),
                1 => VirtioDriver.Available(Queue) + 2,
                2 => VirtioDriver.UsedRing(Queue),
                _ => VirtioDriver.DescriptorTable(Queue) + 8,
            };
            driver.SetWord(ring + (ring == VirtioDriver.Available(Queue) + 2 && (step & 8) != 0 ? 0 : place), value);
            driver.Notify(Queue);
            driver.Clock.AdvanceBy(step & 0xFFFF);
            if (driver.Status.HasFlag(VirtioStatus.NeedsReset) && (step & 16) != 0)
            {
                driver.Memory.Bytes.AsSpan(VirtioDriver.Available(Queue), 4).Clear();
                driver.Start(VirtioFeature.IndirectDescriptors | VirtioFeature.EventIndex, size: size);
            }
        }
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Service_InTheSteadyState_AllocatesNothing()
    {
        _driver.Start(VirtioFeature.EventIndex);
        _driver.Describe(VirtioDriver.DescriptorTable(Queue), 0, VirtioDriver.Data, 512, Write, 0);
        Serve(1000);
        _driver.UsedIndex(Queue).Should().Be(1000);
        AllocatedBytes.Least(() => Serve(1000)).Should().Be(0);

        void Serve(int count)
        {
            for (int chain = 0; chain < count; chain++)
            {
                _driver.OfferHead(Queue, 0);
                _driver.Notify(Queue);
            }
        }
    }

    private void Build(string what)
    {
        int table = VirtioDriver.DescriptorTable(Queue);
        ushort head = 0;
        switch (what)
        {
            case "loop of two":
                _driver.Describe(table, 0, VirtioDriver.Data, 1, Next | Write, 1);
                _driver.Describe(table, 1, VirtioDriver.Data, 1, Next | Write, 0);
                break;
            case "loop of one":
                _driver.Describe(table, 0, VirtioDriver.Data, 1, Next | Write, 0);
                break;
            case "head outside the table":
                _driver.Describe(table, 16, VirtioDriver.Data, 1, Write, 0);
                head = 16;
                break;
            case "next outside the table":
                _driver.Describe(table, 0, VirtioDriver.Data, 1, Next | Write, 16);
                _driver.Describe(table, 16, VirtioDriver.Data, 1, Write, 0);
                break;
            case "writable, then readable":
                _driver.Describe(table, 0, VirtioDriver.Data, 1, Next | Write, 1);
                _driver.Describe(table, 1, VirtioDriver.Data, 1, 0, 0);
                break;
            case "buffer outside memory":
                _driver.Describe(table, 0, 0xF_FFFF, 2, Write, 0);
                break;
            case "buffer that wraps around":
                _driver.Describe(table, 0, ulong.MaxValue, 2, Write, 0);
                break;
            case "index too far ahead":
                _driver.Describe(table, 0, VirtioDriver.Data, 1, Write, 0);
                _driver.SetWord(VirtioDriver.Available(Queue) + 2, 16);
                break;
            case "indirect in indirect":
                _driver.Describe(table, 0, Table, 16, Indirect, 0);
                _driver.Describe(Table, 0, Table + 0x100, 16, Indirect, 0);
                _driver.Describe(Table + 0x100, 0, VirtioDriver.Data, 1, Write, 0);
                break;
            case "loop in indirect":
                _driver.Describe(table, 0, Table, 32, Indirect, 0);
                _driver.Describe(Table, 0, VirtioDriver.Data, 0, Next | Write, 1);
                _driver.Describe(Table, 1, VirtioDriver.Data, 0, Next | Write, 0);
                break;
            case "indirect longer than any queue":
                _driver.Describe(table, 0, Table, 65 * 16, Indirect, 0);
                for (int index = 0; index < 65; index++)
                {
                    _driver.Describe(Table, index, VirtioDriver.Data, 1, (ushort)(Write | (index < 64 ? Next : 0)), (ushort)(index + 1));
                }

                break;
            default:
                uint length = what == "indirect of half a descriptor" ? 24u : what == "indirect of nothing" ? 0u : 16u;
                ulong address = what == "indirect outside memory" ? 0xF_FFF8UL : Table;
                _driver.Describe(table, 0, address, length, (ushort)(Indirect | (what == "indirect with next" ? Next : 0)), 1);
                _driver.Describe(table, 1, VirtioDriver.Data, 1, Write, 0);
                _driver.Describe(Table, 0, VirtioDriver.Data, 1, Write, 0);
                break;
        }

        _driver.OfferHead(Queue, head);
    }

    private sealed class IndexSource : IEntropySource
    {
        private ushort _index = 1;

        public void Fill(Span<byte> destination)
        {
            _index++;
            destination[0] = (byte)_index;
            destination[1] = (byte)(_index >> 8);
        }
    }
}
