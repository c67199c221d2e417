namespace KvmSharp.Tests.Cpuid;

public class CpuidTableTests
{
    private const uint Extended = CpuidTable.ExtendedRange;

    private static readonly CpuidTable Small = new([new(0, 0, 4, 0, 0, 0), new(1, 0, 9, 0, 0, 0), new(4, 0, 1, 1, 1, 1), new(4, 1, 2, 2, 2, 2)]);

    [Fact]
    public void Max_FeatureLeaves_OfferTheVectorExtensions()
    {
        CpuModel.Max.Cpuid.Find(1, 0).Edx.Should().Be(0x0002_A97D | 0x0788_0000 | 0x0001_0002 | 0x5280); // VME PAT CLFSH MMX FXSR SSE SSE2, MCE APIC MTRR MCA
        CpuModel.Max.Cpuid.Find(1, 0).Ecx.Should().Be(0x87F8_2203); // to SSE4.2, CX16, x2APIC, MOVBE, POPCNT, TSC-deadline, AES, XSAVE, hypervisor
        CpuModel.Max.Cpuid.Find(7, 0).Should().Be(new CpuidEntry(
            7,
            0,
            Eax: 0,                // no further subleaf
            Ebx: 0x0018_028B,      // FSGSBASE TSC_ADJUST BMI1 SMEP ERMS ADX SMAP
            Ecx: 0x0000_0004,      // UMIP
            Edx: 0x2400_0010));    // FSRM, IBRS and IBPB, ARCH_CAPABILITIES
        CpuModel.Max.Cpuid.Find(7, 1).Should().Be(new CpuidEntry(7, 1, 0, 0, 0, 0));
        CpuModel.Max.Cpuid.Find(Extended + 1, 0).Ecx.Should().Be(0x21); // LAHF LZCNT
        CpuModel.Max.Cpuid.Find(0xD, 0).Should().Be(new CpuidEntry(0xD, 0, 3, 0x240, 0x240, 0));
        CpuModel.Max.Cpuid.Find(0xD, 2).Should().Be(new CpuidEntry(0xD, 2, 0, 0, 0, 0));
    }

    [Theory]
    [InlineData(5u)]
    [InlineData(0x4000_0000u)]
    [InlineData(Extended)]
    [InlineData(uint.MaxValue)]
    public void Find_LeafAboveItsRange_GivesTheHighestBasicLeaf(uint leaf) => Small.Find(leaf, 0).Should().Be(Small.Find(4, 0));

    [Fact]
    public void Find_SubleafOfALeafWithout_IsIgnored() => Small.Find(1, 77).Should().Be(Small.Find(1, 0));

    [Fact]
    public void Find_MissingSubleafOfALeafWithSeveral_GivesZeros()
    {
        Small.Find(4, 1).Eax.Should().Be(2);
        Small.Find(4, 2).Should().Be(new CpuidEntry(4, 2, 0, 0, 0, 0));
    }

    [Fact]
    public void Find_MissingLeafWithinTheRange_GivesZeros() => Small.Find(3, 0).Should().Be(new CpuidEntry(3, 0, 0, 0, 0, 0));

    [Fact]
    public void With_AnEntry_ReplacesItInTheNewTableOnly()
    {
        CpuidTable changed = Small.With(new CpuidEntry(1, 0, 7, 0, 0, 0));
        changed.Signature.Should().Be(7);
        changed.Entries.Should().HaveCount(4);
        Small.Signature.Should().Be(9);
    }
}
