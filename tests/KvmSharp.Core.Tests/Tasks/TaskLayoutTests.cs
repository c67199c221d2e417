using KvmSharp.Tasks;

namespace KvmSharp.Tests.Tasks;

public class TaskLayoutTests
{
    [Fact]
    public void Offsets_WideTss_AreThoseOfTheManual()
    {
        TaskLayout layout = TaskLayout.Of(0x8B);
        layout.IsWide.Should().BeTrue();
        (layout.StackOffset(0), layout.StackOffset(2)).Should().Be((0x04u, 0x14u));
        (layout.IpOffset, layout.FlagsOffset).Should().Be((0x20u, 0x24u));
        (layout.GeneralOffset(0), layout.GeneralOffset(7)).Should().Be((0x28u, 0x44u));
        (layout.SegmentOffset(0), layout.SegmentOffset(5), layout.LdtOffset).Should().Be((0x48u, 0x5Cu, 0x60u));
    }

    [Fact]
    public void Offsets_NarrowTss_AreThoseOfTheManual()
    {
        TaskLayout layout = TaskLayout.Of(0x83);
        layout.IsWide.Should().BeFalse();
        (layout.StackOffset(0), layout.StackOffset(2)).Should().Be((0x02u, 0x0Au));
        (layout.IpOffset, layout.FlagsOffset).Should().Be((0x0Eu, 0x10u));
        (layout.GeneralOffset(0), layout.GeneralOffset(7)).Should().Be((0x12u, 0x20u));
        (layout.SegmentOffset(0), layout.SegmentOffset(3), layout.LdtOffset).Should().Be((0x22u, 0x28u, 0x2Au));
    }
}
