using KvmSharp.Cpu;
using KvmSharp.Segmentation;

namespace KvmSharp.Tests.Segmentation;

public class DescriptorTests
{
    private const ulong FlatCode = 0x00CF_9A00_0000_FFFF;
    private const ulong FlatData = 0x00CF_9200_0000_FFFF;

    [Fact]
    public void BaseAndLimit_ScatteredFields_ArePutTogether()
    {
        var descriptor = new Descriptor(0x1240_9234_5678_9ABC);
        (descriptor.Base, descriptor.Limit).Should().Be((0x1234_5678ul, 0x9ABCu));
    }

    [Fact]
    public void Limit_UpperFourBits_Count() => new Descriptor(0x0005_9200_0000_1234).Limit.Should().Be(0x5_1234);

    [Theory]
    [InlineData(0x0080_9200_0000_0000, 0xFFFu)]         // one page
    [InlineData(0x00CF_9200_0000_FFFF, 0xFFFF_FFFFu)]   // all of it
    public void Limit_PageGranularity_CountsPagesAndFillsTheLowBits(ulong raw, uint limit) =>
        new Descriptor(raw).Limit.Should().Be(limit);

    [Theory]
    [InlineData(0, true, false, false, false)]  // read-only data
    [InlineData(2, true, true, false, false)]   // writable data
    [InlineData(6, true, true, false, false)]   // writable, expands down
    [InlineData(8, false, false, true, false)]  // execute-only code
    [InlineData(10, true, false, true, false)]  // readable code
    [InlineData(12, false, false, true, true)]  // conforming, execute-only
    [InlineData(14, true, false, true, true)]   // conforming, readable
    public void Kind_OfCodeAndDataTypes_FollowsTheTypeField(ulong type, bool readable, bool writable, bool code, bool conforming)
    {
        var descriptor = new Descriptor((0x90ul | type) << 40);
        (descriptor.IsReadable, descriptor.IsWritableData, descriptor.IsCode, descriptor.IsConforming)
            .Should().Be((readable, writable, code, conforming));
        descriptor.SystemType.Should().Be(SystemType.None);
    }

    [Fact]
    public void SystemDescriptor_WithCodeLikeType_IsNotCode()
    {
        var gate = new Descriptor(0x0000_8E00_0008_0000);
        (gate.IsCode, gate.IsReadable, gate.IsConforming, gate.SystemType).Should().Be((false, false, false, SystemType.InterruptGate32));
    }

    [Fact]
    public void ToCache_UntouchedSegment_ShowsTheAccessedBit()
    {
        SegmentCache cache = new Descriptor(FlatCode).ToCache(new Selector(0x8));
        cache.Attributes.Should().Be(0xC09B);
        (cache.Selector, cache.Base, cache.Limit).Should().Be(((ushort)8, 0ul, uint.MaxValue));
    }

    [Fact]
    public void ToCache_TaskState_KeepsItsType() =>
        new Descriptor(0x0000_8900_0000_0067).ToCache(new Selector(0x28)).Attributes.Should().Be(0x0089);

    [Theory]
    [InlineData(FlatData, 0, 0, 0, true)]
    [InlineData(FlatData, 0, 0, 1, false)] // the caller's caller is too weak
    [InlineData(FlatData, 0, 3, 0, false)]
    [InlineData(FlatData, 3, 3, 3, true)]
    [InlineData(FlatData, 3, 0, 3, true)]
    [InlineData(FlatCode, 0, 3, 3, false)]
    [InlineData(0x00CF_9E00_0000_FFFF, 0, 3, 3, true)] // conforming
    public void IsVisibleTo_Levels_FollowThePrivilegeRule(ulong raw, int dpl, int cpl, int rpl, bool visible) =>
        new Descriptor(raw | ((ulong)dpl << 45)).IsVisibleTo(cpl, rpl).Should().Be(visible);

    [Theory]
    [InlineData(1, true, true)]
    [InlineData(2, true, true)]
    [InlineData(3, true, true)]
    [InlineData(4, false, true)]
    [InlineData(5, false, true)]
    [InlineData(6, false, false)]
    [InlineData(7, false, false)]
    [InlineData(8, false, false)]
    [InlineData(9, true, true)]
    [InlineData(10, false, false)]
    [InlineData(11, true, true)]
    [InlineData(12, false, true)]
    [InlineData(13, false, false)]
    [InlineData(14, false, false)]
    [InlineData(15, false, false)]
    public void Queries_SystemTypes_AreThoseOfTheManualsTables(ulong type, bool hasLimit, bool hasRights)
    {
        var descriptor = new Descriptor((0x80ul | type) << 40);
        (SegmentQueries.HasLimit(descriptor, isLong: false), SegmentQueries.HasAccessRights(descriptor, isLong: false)).Should().Be((hasLimit, hasRights));
    }
}
