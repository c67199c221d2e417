using KvmSharp.Segmentation;

namespace KvmSharp.Tests.Segmentation;

public class SelectorTests
{
    [Theory]
    [InlineData(0x0000, 0, false, true, 0u)]
    [InlineData(0x0003, 3, false, true, 0u)]       // null with any RPL
    [InlineData(0x0004, 0, true, false, 0u)]       // entry 0 of the LDT is not null
    [InlineData(0x0008, 0, false, false, 8u)]
    [InlineData(0x001B, 3, false, false, 0x18u)]
    [InlineData(0xFFFF, 3, true, false, 0xFFF8u)]
    public void Fields_OfAValue_AreSplitAsTheManualDraws(ushort value, int rpl, bool local, bool isNull, uint offset)
    {
        var selector = new Selector(value);
        (selector.Rpl, selector.IsLocal, selector.IsNull, selector.Offset).Should().Be((rpl, local, isNull, offset));
    }

    [Fact]
    public void ErrorCode_LocalSelectorWithRpl_KeepsTheTableIndicatorOnly() =>
        new Selector(0x002F).ErrorCode.Should().Be(0x2C);

    [Fact]
    public void WithRpl_OtherLevel_KeepsIndexAndTable() =>
        new Selector(0x002F).WithRpl(1).Value.Should().Be(0x2D);
}
