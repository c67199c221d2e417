using System.Text;
using KvmSharp.Cpuid;

namespace KvmSharp.Tests.Cpuid;

public class CpuidTableTests
{
    private const uint Extended = CpuidTable.ExtendedRange;

    [Fact]
    public void PentiumPro_LeafZero_NamesTheVendorInEbxEdxEcx()
    {
        CpuidEntry entry = CpuidTable.PentiumPro.Find(0, 0);
        Text(entry.Ebx, entry.Edx, entry.Ecx).Should().Be("GenuineIntel");
        entry.Eax.Should().Be(1);
    }

    [Fact]
    public void PentiumPro_LeafOne_OffersWhatIsThereAndNoMore()
    {
        CpuidEntry entry = CpuidTable.PentiumPro.Find(1, 0);
        ((entry.Eax >> 8) & 0xF).Should().Be(6);
        entry.Edx.Should().Be(0x0000_A93C); // DE PSE TSC MSR CX8 SEP PGE CMOV
    }

    [Fact]
    public void PentiumPro_BrandLeaves_SpellTheName()
    {
        string name = string.Concat(Enumerable.Range(2, 3).Select(leaf =>
        {
            CpuidEntry entry = CpuidTable.PentiumPro.Find(Extended + (uint)leaf, 0);
            return Text(entry.Eax, entry.Ebx, entry.Ecx, entry.Edx);
        }));
        name.TrimEnd('\0').Should().Be("KvmSharp virtual CPU");
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(0x4000_0000u)]
    [InlineData(Extended + 5)]
    [InlineData(uint.MaxValue)]
    public void Find_LeafAboveItsRange_GivesTheHighestBasicLeaf(uint leaf) =>
        CpuidTable.PentiumPro.Find(leaf, 0).Should().Be(CpuidTable.PentiumPro.Find(1, 0));

    [Fact]
    public void Find_SubleafOfALeafWithout_IsIgnored() =>
        CpuidTable.PentiumPro.Find(1, 77).Should().Be(CpuidTable.PentiumPro.Find(1, 0));

    [Fact]
    public void Find_MissingSubleafOfALeafWithSeveral_GivesZeros()
    {
        var table = new CpuidTable([new(0, 0, 4, 0, 0, 0), new(4, 0, 1, 1, 1, 1), new(4, 1, 2, 2, 2, 2)]);
        table.Find(4, 1).Eax.Should().Be(2);
        table.Find(4, 2).Should().Be(new CpuidEntry(4, 2, 0, 0, 0, 0));
    }

    private static string Text(params uint[] words) =>
        Encoding.ASCII.GetString([.. words.SelectMany(BitConverter.GetBytes)]);
}
