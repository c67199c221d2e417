using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.Tests.Events;

public class EventCombinationTests
{
    private const int Benign = 6; // #UD
    private const int Contributory = 13;
    private const int PageFault = 14;
    private const int DoubleFault = 8;

    [Theory]
    [InlineData(Benign, Benign, CombinedEvent.Second)]
    [InlineData(Benign, Contributory, CombinedEvent.Second)]
    [InlineData(Benign, PageFault, CombinedEvent.Second)]
    [InlineData(Contributory, Benign, CombinedEvent.Second)]
    [InlineData(Contributory, Contributory, CombinedEvent.DoubleFault)]
    [InlineData(Contributory, PageFault, CombinedEvent.Second)]
    [InlineData(PageFault, Benign, CombinedEvent.Second)]
    [InlineData(PageFault, Contributory, CombinedEvent.DoubleFault)]
    [InlineData(PageFault, PageFault, CombinedEvent.DoubleFault)]
    [InlineData(DoubleFault, Benign, CombinedEvent.Second)]
    [InlineData(DoubleFault, Contributory, CombinedEvent.Shutdown)]
    [InlineData(DoubleFault, PageFault, CombinedEvent.Shutdown)]
    public void Combine_Classes_FollowTheManualsTable(int first, int second, object expected) =>
        EventCombination.Combine(Exception(first), Exception(second)).Should().Be((CombinedEvent)expected);

    [Fact]
    public void Combine_AllVectorsAgainstProtectionFault_DoubleFaultsForTheContributoryOnesAndPageFault()
    {
        IEnumerable<int> vectors = Enumerable.Range(0, 32)
            .Where(vector => EventCombination.Combine(Exception(vector), Exception(Contributory)) == CombinedEvent.DoubleFault);
        vectors.Should().Equal(0, 10, 11, 12, 13, 14);
    }

    [Theory]
    [InlineData(0)] // External
    [InlineData(2)] // SoftwareInterrupt
    [InlineData(3)] // SoftwareException
    [InlineData(4)] // PrivilegedSoftwareException
    public void Combine_InterruptWithTheVectorOfAContributoryFault_IsBenign(int kind)
    {
        var interrupt = new PendingEvent { Valid = 1, Vector = Contributory, Kind = (EventKind)kind };
        EventCombination.Combine(interrupt, Exception(Contributory)).Should().Be(CombinedEvent.Second);
    }

    [Fact]
    public void MakeDoubleFault_Always_CarriesErrorCodeZero()
    {
        PendingEvent e = EventCombination.MakeDoubleFault();
        (e.Vector, e.HasErrorCode, e.ErrorCode, e.Kind).Should().Be(((byte)8, (byte)1, 0u, EventKind.Exception));
    }

    [Fact]
    public void IsFault_AllExceptions_LeavesOutTrapsAndAborts()
    {
        IEnumerable<int> others = Enumerable.Range(0, 20).Where(vector => !EventDelivery.IsFault(Exception(vector)));
        others.Should().Equal(1, 3, 4, 8, 18);
    }

    private static PendingEvent Exception(int vector) => new() { Valid = 1, Vector = (byte)vector, Kind = EventKind.Exception };
}
