using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

public sealed class VirtioBlkTests
{
    private const int Queue = 0;
    private const int Header = VirtioDriver.Data;
    private const int StatusByte = Header + 0x20;
    private const int Buffer = VirtioDriver.Data + 0x1000;
    private const uint In = 0;
    private const uint Out = 1;
    private const uint Flush = 4;
    private const uint GetId = 8;
    private const byte Ok = 0;
    private const byte IoError = 1;
    private const byte Unsupported = 2;

    private readonly MemoryDisk _disk = new(100);
    private readonly VirtioDriver _driver;

    public VirtioBlkTests() => _driver = new VirtioDriver(new VirtioBlk(_disk, "serial-1"));

    [Fact]
    public void Configuration_NamesCapacityAndLimits()
    {
        _driver.Function.ReadConfig(PciRegister.DeviceId, 2).Should().Be(0x1042);
        _driver.Read(VirtioDriver.DevicePage, 8).Should().Be(100);
        _driver.Read(VirtioDriver.DevicePage + 8, 4).Should().Be(128 << 10, "size_max");
        _driver.Read(VirtioDriver.DevicePage + 12, 4).Should().Be(254, "seg_max: the queue less header and status");
        _driver.Read(VirtioDriver.DevicePage + 20, 4).Should().Be(512, "blk_size");
        _driver.Read(VirtioDriver.DevicePage + 64, 4).Should().Be(0);
    }

    [Theory]
    [InlineData(false, 0x246)] // SIZE_MAX, SEG_MAX, BLK_SIZE, FLUSH
    [InlineData(true, 0x266)]  // and RO
    public void DeviceFeature_ReadOnlyDisk_SaysSo(bool readOnly, ulong expected)
    {
        var driver = new VirtioDriver(new VirtioBlk(new MemoryDisk(1) { IsReadOnly = readOnly }, ""));
        (driver.Read(VirtioRegister.DeviceFeature, 4) & 0xFFFF).Should().Be(expected);
    }

    [Fact]
    public void In_ScatteredOverPieces_ReadsSectorsInOrder()
    {
        _driver.Start();
        Request(In, 5, (Buffer, 100, true), (Buffer + 0x1000, 924, true)).Should().Be(Ok);
        _driver.Used(Queue, 0).Written.Should().Be(1025);
        _driver.Memory.Bytes.AsSpan(Buffer, 100).ToArray().Should().AllBeEquivalentTo((byte)6);
        _driver.Memory.Bytes.AsSpan(Buffer + 0x1000, 412).ToArray().Should().AllBeEquivalentTo((byte)6);
        _driver.Memory.Bytes.AsSpan(Buffer + 0x1000 + 412, 512).ToArray().Should().AllBeEquivalentTo((byte)7);
    }

    [Fact]
    public void Chain_CutAnyway_IsTheSameRequest()
    {
        // Header in two pieces; data and status in one: how a request is cut into descriptors does not matter.
        _driver.Start();
        SetHeader(In, 1);
        _driver.Offer(Queue, (Header, 3, false), (Header + 3, 13, false), (Buffer, 513, true));
        _driver.Notify(Queue);
        _driver.Used(Queue, 0).Written.Should().Be(513);
        _driver.Memory.Bytes[Buffer + 511].Should().Be(2);
        _driver.Memory.Bytes[Buffer + 512].Should().Be(Ok);
    }

    [Fact]
    public void Out_WithFlushAccepted_IsNotFlushed()
    {
        _driver.Start(VirtioBlk.FlushFeature);
        _driver.Memory.Bytes.AsSpan(Buffer, 512).Fill(0xAB);
        Request(Out, 7, (Buffer, 512, false)).Should().Be(Ok);
        _disk.Sector(7).ToArray().Should().AllBeEquivalentTo((byte)0xAB);
        _disk.Sector(8)[0].Should().Be(9);
        _disk.Flushes.Should().Be(0);
        Request(Flush, 0).Should().Be(Ok);
        _disk.Flushes.Should().Be(1);
    }

    [Fact]
    public void Out_ByADriverThatCannotFlush_IsFlushedAtOnce()
    {
        _driver.Start();
        Request(Out, 7, (Buffer, 512, false)).Should().Be(Ok);
        _disk.Flushes.Should().Be(1);
    }

    [Fact]
    public void GetId_GivesTheSerialNumberAndZeros()
    {
        _driver.Start();
        Request(GetId, 0, (Buffer, 20, true)).Should().Be(Ok);
        _driver.Memory.Bytes.AsSpan(Buffer, 9).ToArray().Should().Equal([.. "serial-1\0"u8]);
        _driver.Used(Queue, 0).Written.Should().Be(21);
    }

    [Fact]
    public void UnknownType_IsUnsupported()
    {
        _driver.Start();
        Request(11, 0, (Buffer, 512, false)).Should().Be(Unsupported, "discard was not offered");
        _driver.Status.Should().Be(VirtioDriver.Ready);
    }

    [Theory]
    [InlineData(In, 100, 512)]            // behind the end
    [InlineData(In, 99, 1024)]            // across it
    [InlineData(In, 0, 511)]              // no whole sector
    [InlineData(Out, 100, 512)]
    [InlineData(Out, ulong.MaxValue, 512)]
    [InlineData(Out, 0, 100)]
    public void Request_OutsideTheDiskOrUnaligned_Fails(uint type, ulong sector, int length)
    {
        _driver.Start();
        Request(type, sector, (Buffer, length, type == In)).Should().Be(IoError);
        _driver.Used(Queue, 0).Written.Should().Be(type == In ? 0 : 1, "no data was written; a status behind it is not counted");
        _driver.Status.Should().Be(VirtioDriver.Ready);
    }

    [Fact]
    public void HostErrors_AreTheGuestsErrors()
    {
        _driver.Start(VirtioBlk.FlushFeature);
        _disk.BadSector = 3;
        _disk.WriteResult = DiskResult.NoSpace;
        _disk.FlushResult = DiskResult.HostError;
        Request(In, 2, (Buffer, 1024, true)).Should().Be(IoError);
        Request(Out, 2, (Buffer, 512, false)).Should().Be(IoError);
        Request(Flush, 0).Should().Be(IoError);
        _driver.UsedIndex(Queue).Should().Be(3);
    }

    [Fact]
    public void Out_ToAReadOnlyDisk_Fails()
    {
        var disk = new MemoryDisk(4) { IsReadOnly = true };
        var driver = new VirtioDriver(new VirtioBlk(disk, "")).Start();
        BinaryPrimitives.WriteUInt32LittleEndian(driver.Memory.Bytes.AsSpan(Header), Out);
        driver.Offer(Queue, (Header, 16, false), (Buffer, 512, false), (StatusByte, 1, true));
        driver.Notify(Queue);
        driver.Memory.Bytes[StatusByte].Should().Be(IoError);
        disk.Sector(0)[0].Should().Be(1);
    }

    [Theory]
    [InlineData(15, 1)] // half a header
    [InlineData(16, 0)] // no place for the status
    public void Request_WithoutHeaderOrStatus_StopsTheDevice(int header, int status)
    {
        _driver.Start();
        _driver.Offer(Queue, (Header, header, false), (StatusByte, status, true));
        _driver.Notify(Queue);
        _driver.Status.Should().HaveFlag(VirtioStatus.NeedsReset);
    }

    [Theory]
    [InlineData(In)]
    [InlineData(Out)]
    public void Data_OutsideMemory_StopsTheDevice(uint type)
    {
        _driver.Start();
        SetHeader(type, 0);
        _driver.Offer(Queue, (Header, 16, false), (0x4000_0000, 512, type == In), (StatusByte, 1, true));
        _driver.Notify(Queue);
        _driver.Status.Should().HaveFlag(VirtioStatus.NeedsReset);
    }

    [Fact]
    public void In_LargerThanAChunk_ComesWhole()
    {
        var disk = new MemoryDisk(2048);
        var driver = new VirtioDriver(new VirtioBlk(disk, ""), 4 << 20).Start();
        driver.Offer(Queue, (Header, 16, false), (Buffer, 1 << 19, true), (Buffer + (1 << 20), 1 << 19, true), (StatusByte, 1, true));
        driver.Notify(Queue);
        driver.Memory.Bytes[StatusByte].Should().Be(Ok);
        driver.Used(Queue, 0).Written.Should().Be((1 << 20) + 1);
        for (int sector = 0; sector < 2048; sector++)
        {
            int at = Buffer + (sector * 512) + (sector < 1024 ? 0 : 1 << 19);
            driver.Memory.Bytes[at + 511].Should().Be((byte)(sector + 1));
        }

        disk.LargestRead.Should().BeLessThanOrEqualTo(2048, "the copy buffer is bounded");
    }

    [Fact]
    public void Notification_ForMoreThanATurn_GoesOnLater()
    {
        var driver = new VirtioDriver(new VirtioBlk(new MemoryDisk(4096), ""), 4 << 20).Start(size: 64);
        for (int chain = 0; chain < 16; chain++)
        {
            driver.Offer(Queue, (Header, 16, false), (Buffer, 2 << 20, true), (StatusByte, 1, true)); // 32 MiB in all
        }

        driver.Notify(Queue);
        driver.UsedIndex(Queue).Should().Be(8);
        driver.Clock.AnyArmed.Should().BeTrue();
        driver.Clock.AdvanceBy(1_000_000);
        driver.UsedIndex(Queue).Should().Be(16);
        driver.Clock.AnyArmed.Should().BeFalse();
    }

    [Fact]
    public void Notification_Suspended_IsInTheState()
    {
        var driver = new VirtioDriver(new VirtioBlk(new MemoryDisk(4096), ""), 4 << 20).Start(size: 64);
        for (int chain = 0; chain < 16; chain++)
        {
            driver.Offer(Queue, (Header, 16, false), (Buffer, 2 << 20, true), (StatusByte, 1, true));
        }

        driver.Notify(Queue);
        var other = new VirtioDriver(new VirtioBlk(new MemoryDisk(4096), ""), 4 << 20);
        driver.Memory.Bytes.CopyTo(other.Memory.Bytes, 0);
        other.Function.Load(driver.Function.Save());
        other.Pin.Level.Should().BeTrue();
        other.Clock.AdvanceBy(1_000_000);
        other.UsedIndex(Queue).Should().Be(16);
    }

    [Fact]
    public void Request_BeyondWhatTheLimitsAllow_Fails()
    {
        // Pieces that lie on each other make a request larger than memory.
        var driver = new VirtioDriver(new VirtioBlk(new MemoryDisk(4096), ""), 4 << 20).Start(size: 32);
        var pieces = Enumerable.Repeat((Buffer, 2 << 20, false), 20);
        driver.Memory.Bytes[Header] = (byte)Out;
        driver.Offer(Queue, [(Header, 16, false), .. pieces, (StatusByte, 1, true)]);
        driver.Notify(Queue);
        driver.Memory.Bytes[StatusByte].Should().Be(IoError);
    }

    [Fact]
    public void Requests_InTheSteadyState_AllocateNothing()
    {
        _driver.Start(VirtioBlk.FlushFeature, size: 4);
        SetHeader(In, 5);
        _driver.Offer(Queue, (Header, 16, false), (Buffer, 1024, true), (StatusByte, 1, true));
        Serve(1000);
        AllocatedBytes.Least(() => Serve(1000)).Should().Be(0);

        void Serve(int count)
        {
            for (int request = 0; request < count; request++)
            {
                _driver.Notify(Queue);
                _driver.OfferHead(Queue, 0);
            }
        }
    }

    [Fact]
    public void Storm_RandomRequests_NeverThrow() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        var driver = new VirtioDriver(new VirtioBlk(new MemoryDisk(64), "x")).Start(VirtioFeature.IndirectDescriptors);
        foreach (uint step in storm)
        {
            Span<byte> header = driver.Memory.Bytes.AsSpan(Header);
            BinaryPrimitives.WriteUInt32LittleEndian(header, step % 10);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (step & 1) != 0 ? (step >> 8) % 66 : step * 0x1_0000_0001UL);
            int length = (step & 2) != 0 ? (int)((step >> 4) % 8) * 512 : (int)(step >> 16);
            int headerLength = (step & 0x70) == 0 ? 8 : 16;
            int statusLength = (step & 0x700) == 0 ? 0 : 1;
            driver.Offer(Queue, (Header, headerLength, false), (Buffer, length, (step & 4) != 0), (StatusByte, statusLength, true));
            driver.Notify(Queue);
            driver.Clock.AdvanceBy(20_000);
            if (driver.Status.HasFlag(VirtioStatus.NeedsReset))
            {
                driver.Memory.Bytes.AsSpan(VirtioDriver.Available(Queue), 4).Clear();
                driver.Start();
            }
        }
    }).Check(Config.QuickThrowOnFailure);

    private void SetHeader(uint type, ulong sector)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_driver.Memory.Bytes.AsSpan(Header), type);
        BinaryPrimitives.WriteUInt64LittleEndian(_driver.Memory.Bytes.AsSpan(Header + 8), sector);
    }

    private byte Request(uint type, ulong sector, params (int Address, int Length, bool IsWritable)[] data)
    {
        SetHeader(type, sector);
        _driver.Memory.Bytes[StatusByte] = 0xFF;
        _driver.Offer(Queue, [(Header, 16, false), .. data, (StatusByte, 1, true)]);
        _driver.Notify(Queue);
        return _driver.Memory.Bytes[StatusByte];
    }
}
