using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.Tests.Segmentation;

public class GateTests
{
    [Fact]
    public void Fields_CallGate32_AreRead()
    {
        var gate = new Gate(0x1234_EC05_0008_5678);
        (gate.Selector.Value, gate.Offset, gate.ParameterCount, gate.Size, gate.Dpl, gate.IsPresent)
            .Should().Be(((ushort)8, 0x1234_5678ul, 5, 4, 3, true));
        gate.Type.Should().Be(SystemType.CallGate32);
    }

    [Fact]
    public void Offset_NarrowGate_IgnoresTheUpperWord()
    {
        var gate = new Gate(0x1234_8405_0008_5678);
        (gate.Offset, gate.Size, gate.Type).Should().Be((0x5678ul, 2, SystemType.CallGate16));
    }

    [Fact]
    public void ParameterCount_ReservedBitsAboveIt_AreIgnored() =>
        new Gate(0x0000_8CFF_0008_0000).ParameterCount.Should().Be(31);

    [Theory]
    [InlineData(0x8600, true)]
    [InlineData(0x8E00, true)]
    [InlineData(0x8700, false)]
    [InlineData(0x8F00, false)]
    public void MasksInterrupts_InterruptAndTrapGates_Differ(ulong high, bool masks) =>
        new Gate(high << 32).MasksInterrupts.Should().Be(masks);

    [Fact]
    public void IsEventGate_AllTypes_AcceptsTheFiveOfTheIdt()
    {
        IEnumerable<int> accepted = Enumerable.Range(0, 16).Where(type => ProtectedDelivery.IsEventGate((SystemType)type));
        accepted.Should().Equal(5, 6, 7, 14, 15);
    }
}
