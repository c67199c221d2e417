using System.Text;
using Iced.Intel;
using KvmSharp.Cpuid;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Cpuid;

public class CpuModelTests
{
    private const uint Extended = CpuidTable.ExtendedRange;

    public static TheoryData<string> Names => [.. CpuModel.All.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Cpuid_EveryModel_IsIntelsAndOffersNothingThatIsMissing(string name)
    {
        CpuidTable table = CpuModel.Find(name)!.Cpuid;
        CpuidEntry vendor = table.Find(0, 0);
        Text(vendor.Ebx, vendor.Edx, vendor.Ecx).Should().Be("GenuineIntel");
        foreach (CpuFeature feature in Enum.GetValues<CpuFeature>().Where(FeatureSet.Of(table).Has))
        {
            ImplementedFeatures.All.Has(feature).Should().BeTrue("{0} offers {1}", name, feature);
        }
    }

    [Theory]
    [InlineData("486", 4, 3, 5)]
    [InlineData("pentium3", 6, 8, 3)]
    [InlineData("core2", 6, 15, 11)]
    [InlineData("max", 6, 15, 11)]
    public void Signature_OfAModel_IsLeftInEdxByReset(string name, int family, int model, int stepping)
    {
        using TestMachine machine = TestMachine.Real();
        machine.Cpu.Cpuid = CpuModel.Find(name)!.Cpuid;
        machine.Cpu.Reset();
        machine.Registers.Rdx.Should().Be((ulong)((family << 8) | (model << 4) | stepping));
    }

    [Theory]
    [InlineData("core2")]
    [InlineData("max")]
    public void BrandString_SpellsTheModel(string name)
    {
        CpuidTable table = CpuModel.Find(name)!.Cpuid;
        string brand = string.Concat(Enumerable.Range(2, 3).Select(leaf =>
        {
            CpuidEntry entry = table.Find(Extended + (uint)leaf, 0);
            return Text(entry.Eax, entry.Ebx, entry.Ecx, entry.Edx);
        }));
        brand.TrimEnd('\0').Should().Be($"KvmSharp virtual CPU ({name})");
    }

    [Theory]
    [InlineData("486")]
    [InlineData("pentium3")]
    public void ExtendedLeaves_OfOldModels_AreNotThere(string name) => CpuModel.Find(name)!.Cpuid.Contains(Extended).Should().BeFalse();

    [Fact]
    public void Max_LeafOne_HasWhatTheCoreDoes() =>
        (CpuModel.Max.Cpuid.Find(1, 0).Edx & 0x0000_A93C).Should().Be(0x0000_A93C); // DE PSE TSC MSR CX8 SEP PGE CMOV

    [Fact]
    public void Find_UnknownName_IsNull()
    {
        CpuModel.Find("Core2").Should().BeSameAs(CpuModel.Core2);
        CpuModel.Find("8086").Should().BeNull();
    }

    [Theory]
    [InlineData("486", 6)]
    [InlineData("max", null)]
    public void ConditionalMove_FollowsTheModel(string name, int? vector) => VectorOf(name, a => a.cmove(eax, ebx)).Should().Be(vector);

    [Theory]
    [InlineData("486", 6)]
    [InlineData("pentium3", null)]
    public void Rdtsc_FollowsTheModel(string name, int? vector) => VectorOf(name, a => a.rdtsc()).Should().Be(vector);

    [Theory]
    [InlineData("486", 6)]
    [InlineData("core2", null)]
    public void Rdmsr_FollowsTheModel(string name, int? vector) =>
        VectorOf(name, a =>
        {
            a.mov(ecx, 0x10);
            a.rdmsr();
        }).Should().Be(vector);

    [Fact]
    public void The486_HasItsOwnInstructions() => VectorOf("486", a =>
    {
        a.cpuid();
        a.bswap(eax);
        a.xadd(eax, ebx);
        a.cmpxchg(ecx, edx);
        a.pause();
        a.invlpg(__byte_ptr[0x9000]);
    }).Should().BeNull();

    [Theory]
    [InlineData("486", 6)]
    [InlineData("pentium3", null)]
    public void HintSpace_IsNopFromFamilySixOn(string name, int? vector)
    {
        VectorOf(name, a => a.db(0x0F, 0x1F, 0x00)).Should().Be(vector); // NOP r/m32
        VectorOf(name, a => a.db(0x0F, 0x18, 0x08)).Should().Be(vector); // PREFETCHT0
        VectorOf(name, a => a.db(0xF3, 0x0F, 0x1E, 0xFB)).Should().Be(vector); // ENDBR32
    }

    [Fact]
    public void TzcntAndLzcnt_NotOffered_AreBsfAndBsr()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ebx, 0x0010_0000);
            a.lzcnt(eax, ebx);
            a.tzcnt(ecx, ebx);
            a.hlt();
        });
        machine.Cpu.Cpuid = CpuModel.PentiumIII.Cpuid;
        machine.RunToHalt();
        machine.Eax.Should().Be(20);
        machine.Registers.Rcx.Should().Be(20);
    }

    [Theory]
    [InlineData("486", 0x8u, 13)] // DE
    [InlineData("486", 0x4u, 13)] // TSD
    [InlineData("pentium3", 0xCu, null)]
    [InlineData("pentium3", 0x10_0000u, 13)] // SMEP
    public void Cr4_TakesTheBitsOfTheModel(string name, uint value, int? vector) =>
        VectorOf(name, a =>
        {
            a.mov(eax, value);
            a.mov(cr4, eax);
        }).Should().Be(vector);

    [Fact]
    public void Cpuid_WithABitTakenAway_TakesTheInstructionToo()
    {
        using var guest = new ProtectedGuest();
        CpuidEntry features = guest.Cpu.Cpuid.Find(1, 0);
        guest.Cpu.Cpuid = guest.Cpu.Cpuid.With(features with { Edx = features.Edx & ~(1u << 15) });
        guest.RunToHandler(a => a.cmovne(eax, ebx)).Should().Be(6);
    }

    [Fact]
    public void Cpuid_ClaimsWhatIsNotThere_IsToldAndRefused()
    {
        const uint Monitor = 1 << 3;
        using var guest = new ProtectedGuest();
        CpuidEntry features = guest.Cpu.Cpuid.Find(1, 0);
        guest.Cpu.Cpuid = guest.Cpu.Cpuid.With(features with { Ecx = Monitor });
        guest.RunToHandler(a =>
        {
            a.mov(eax, 1);
            a.cpuid();
            a.mov(esi, ecx);
            a.monitor();
        }).Should().Be(6);
        (guest.Registers.Rsi & Monitor).Should().Be(Monitor);
    }

    [Fact]
    public void Cpuid_BehindTheFirstRun_CannotBeSet()
    {
        using TestMachine machine = TestMachine.Protected(a => a.hlt());
        machine.Cpu.Cpuid = CpuModel.Core2.Cpuid;
        machine.RunToHalt();
        Action set = () => machine.Cpu.Cpuid = CpuModel.Max.Cpuid;
        set.Should().Throw<KvmException>();
        machine.Cpu.Cpuid.Should().BeSameAs(CpuModel.Core2.Cpuid);
    }

    [Fact]
    public void GetSupportedCpuid_IsTheTableOfMax()
    {
        using var kvm = Kvm.Open();
        kvm.GetSupportedCpuid().Should().BeSameAs(CpuModel.Max.Cpuid);
    }

    private static int? VectorOf(string model, Action<Assembler> code)
    {
        using var guest = new ProtectedGuest();
        guest.Cpu.Cpuid = CpuModel.Find(model)!.Cpuid;
        VmExit exit = guest.Run(a =>
        {
            code(a);
            a.hlt();
        });
        exit.Reason.Should().Be(VmExitReason.Hlt);
        uint rip = (uint)guest.Registers.Rip - 1;
        uint first = ProtectedGuest.HandlerOf(0);
        return rip >= first && rip < ProtectedGuest.HandlerOf(256) ? (int)((rip - first) / (ProtectedGuest.HandlerOf(1) - first)) : null;
    }

    private static string Text(params uint[] words) => Encoding.ASCII.GetString([.. words.SelectMany(BitConverter.GetBytes)]);
}
