using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Devices.Tests;

public sealed class FirmwareConfigurationTests : StatefulContract<FirmwareConfiguration, FirmwareConfigurationState>
{
    private const uint Error = 1;
    private const uint Read = 2;
    private const uint Skip = 4;
    private const uint Select = 8;
    private const uint Write = 16;
    private const uint Descriptor = 0x100;

    private readonly FlatMemory _memory = new(0x4_0000);
    private readonly FirmwareConfiguration _device;

    public FirmwareConfigurationTests() => _device = Device(_memory);

    protected override int Ports => FirmwareConfiguration.Ports;

    internal override Bench Make() => new(Device(new FlatMemory(0x1000)), new ManualClock());

    internal override void Disturb(Bench bench)
    {
        bench.Part.WritePort(0, 2, FirmwareKey.Versions);
        bench.Part.In(1);
    }

    [Fact]
    public void Signature_IsRead_ByteByByteThenZeros()
    {
        _device.WritePort(0, 2, FirmwareKey.Signature);
        Encoding.ASCII.GetString(ReadBytes(6)).Should().Be("QEMU\0\0");
    }

    [Fact]
    public void Versions_OfferBothInterfaces()
    {
        _device.WritePort(0, 2, FirmwareKey.Versions);
        ReadBytes(4).Should().Equal(3, 0, 0, 0);
    }

    [Fact]
    public void DmaAddress_Read_IsTheSignature()
    {
        byte[] bytes = [.. Enumerable.Range(4, 8).Select(offset => (byte)_device.ReadPort((ushort)offset, 1))];
        Encoding.ASCII.GetString(bytes).Should().Be("QEMU CFG");
        _device.ReadPort(4, 4).Should().Be(BinaryPrimitives.ReadUInt32LittleEndian("QEMU"u8));
    }

    [Fact]
    public void Selector_UnknownItem_ReadsZeros()
    {
        _device.WritePort(0, 2, 0x3FFF);
        ReadBytes(3).Should().Equal(0, 0, 0);
    }

    [Fact]
    public void Selector_Again_StartsFromTheFirstByte()
    {
        _device.WritePort(0, 2, FirmwareKey.Signature);
        ReadBytes(2);
        _device.WritePort(0, 2, FirmwareKey.Signature | 0x4000); // the bit that once asked for writing
        ReadBytes(1).Should().Equal((byte)'Q');
    }

    [Fact]
    public void Directory_ListsFilesByName()
    {
        _device.WritePort(0, 2, FirmwareKey.Directory);
        byte[] directory = ReadBytes(4 + (2 * 64));
        BinaryPrimitives.ReadUInt32BigEndian(directory).Should().Be(2);
        var files = directory.Skip(4).Chunk(64).Select(entry => (
            Size: BinaryPrimitives.ReadUInt32BigEndian(entry),
            Key: BinaryPrimitives.ReadUInt16BigEndian(entry.AsSpan(4)),
            Name: Encoding.ASCII.GetString(entry, 8, 56).TrimEnd('\0'))).ToList();
        files.Should().Equal((5, 0x20, "etc/five"), (3, 0x21, "opt/three"));
    }

    [Fact]
    public void Transfer_SelectAndRead_CopiesTheItem()
    {
        Transfer((0x20u << 16) | Select | Read, 5, 0x2000).Should().Be(0);
        _memory.Bytes.AsSpan(0x2000, 5).ToArray().Should().Equal(1, 2, 3, 4, 5);
    }

    [Fact]
    public void Transfer_SkipThenRead_GoesOnBehind()
    {
        Transfer((0x20u << 16) | Select | Skip, 3, 0).Should().Be(0);
        Transfer(Read, 1, 0x2000).Should().Be(0);
        ReadBytes(2).Should().Equal(5, 0);
        _memory.Bytes[0x2000].Should().Be(4);
    }

    [Fact]
    public void Transfer_BeyondTheItem_GivesZeros()
    {
        Array.Fill(_memory.Bytes, (byte)0xEE, 0x2000, 0x2000);
        Transfer((0x21u << 16) | Select | Read, 0x1800, 0x2000).Should().Be(0);
        _memory.Bytes.AsSpan(0x2000, 0x1800).ToArray().Should().StartWith([9, 9, 9, 0]).And.EndWith(new byte[] { 0 });
        _memory.Bytes[0x3800].Should().Be(0xEE);
    }

    [Theory]
    [InlineData((0x20u << 16) | Select | Read, 5, 0x3_FFFEul)]             // leaves memory
    [InlineData((0x20u << 16) | Select | Read, 5, 0xFFFF_FFFF_FFFF_FFFFul)] // wraps
    [InlineData((0x20u << 16) | Select | Read, uint.MaxValue, 0ul)]        // far more than the item
    [InlineData((0x20u << 16) | Select | Write, 5, 0x2000ul)]              // no item can be written
    public void Transfer_Impossible_ReportsAnError(uint control, uint length, ulong address) =>
        Transfer(control, length, address).Should().Be(Error);

    [Fact]
    public void Transfer_DescriptorOutsideMemory_DoesNothing()
    {
        byte[] before = [.. _memory.Bytes];
        Start(0xFFFF_FFFF_FFFF_FFF8);
        Start(0x4_0000 - 8);
        _memory.Bytes.Should().Equal(before);
    }

    [Fact]
    public void Transfer_AnyDescriptor_EndsWithAReportAndStaysInMemory() => Prop.ForAll<uint, uint, ulong>((control, length, address) =>
        Transfer(control, length, address % 0x5_0000) is 0 or Error).QuickCheckThrowOnFailure();

    [Fact]
    public void Files_NameTooLong_IsRefused()
    {
        Action make = () => _ = new FirmwareConfiguration(
            _memory, new Dictionary<ushort, ReadOnlyMemory<byte>>(), new Dictionary<string, ReadOnlyMemory<byte>> { [new string('x', 56)] = default });
        make.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static FirmwareConfiguration Device(IGuestMemory memory) => new(
        memory,
        new Dictionary<ushort, ReadOnlyMemory<byte>> { [FirmwareKey.ProcessorCount] = new byte[] { 1, 0 } },
        new Dictionary<string, ReadOnlyMemory<byte>> { ["opt/three"] = new byte[] { 9, 9, 9 }, ["etc/five"] = new byte[] { 1, 2, 3, 4, 5 } });

    private byte[] ReadBytes(int count) => [.. Enumerable.Range(0, count).Select(_ => _device.In(1))];

    private uint Transfer(uint control, uint length, ulong address)
    {
        Span<byte> descriptor = _memory.Bytes.AsSpan((int)Descriptor);
        BinaryPrimitives.WriteUInt32BigEndian(descriptor, control);
        BinaryPrimitives.WriteUInt32BigEndian(descriptor[4..], length);
        BinaryPrimitives.WriteUInt64BigEndian(descriptor[8..], address);
        Start(Descriptor);
        return BinaryPrimitives.ReadUInt32BigEndian(_memory.Bytes.AsSpan((int)Descriptor));
    }

    private void Start(ulong descriptor)
    {
        _device.WritePort(4, 4, BinaryPrimitives.ReverseEndianness((uint)(descriptor >> 32)));
        _device.WritePort(8, 4, BinaryPrimitives.ReverseEndianness((uint)descriptor));
    }
}
