using System.Text;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Cpuid;

/// <summary>What CPUID tells of the local APIC, of a processor's place among others, of frequencies and of the hypervisor.</summary>
public sealed class ProcessorCpuidTests
{
    private const uint Apic = 1 << 9;
    private const uint X2ApicAndDeadline = (1 << 21) | (1 << 24);

    [Theory]
    [InlineData(false, null, 0u, 0u)]
    [InlineData(true, null, Apic, X2ApicAndDeadline)]
    [InlineData(true, 0xFEE0_0000UL, 0u, X2ApicAndDeadline)] // disabled by IA32_APIC_BASE
    public void LeafOne_FollowsTheLocalApic(bool localApics, ulong? apicBase, uint edx, uint ecx)
    {
        using TestMachine machine = localApics ? TestMachine.WithApics() : TestMachine.Protected();
        if (apicBase is { } value)
        {
            machine.Cpu.SetMsr(0x1B, value);
        }

        machine.Load(TestMachine.Code, a =>
        {
            a.mov(eax, 1);
            a.cpuid();
            a.cli();
            a.hlt();
        });
        machine.RunToHalt();
        ((uint)machine.Registers.Rdx & Apic, (uint)machine.Registers.Rcx & X2ApicAndDeadline).Should().Be((edx, ecx));
    }

    [Theory]
    [InlineData("486", false, false, false)]
    [InlineData("pentium3", true, false, false)]
    [InlineData("core2", true, false, false)]
    [InlineData("max", true, true, true)]
    public void Models_OfferTheApicsOfTheirTime(string name, bool apic, bool x2Apic, bool hypervisor)
    {
        CpuModel model = CpuModel.Find(name)!;
        CpuidEntry leaf = model.Cpuid.Find(1, 0);
        (model.HasLocalApic, (leaf.Edx & Apic) != 0, (leaf.Ecx & X2ApicAndDeadline) != 0, (leaf.Ecx >> 31) != 0).Should().Be((apic, apic, x2Apic, hypervisor));
    }

    [Theory]
    [InlineData(0, 1, 0x0000_0000u, false, 0u)]
    [InlineData(1, 2, 0x0102_0000u, true, 1u)]
    [InlineData(5, 6, 0x0506_0000u, true, 3u)]
    public void WithProcessor_TellsIdAndCount(int id, int count, uint ebx, bool several, uint coreBits)
    {
        CpuidTable table = CpuModel.Max.Cpuid.WithProcessor(id, count);
        CpuidEntry leaf = table.Find(1, 0);
        (leaf.Ebx & 0xFFFF_0000, (leaf.Edx & (1 << 28)) != 0).Should().Be((ebx, several));
        table.Find(0xB, 0).Should().Be(new CpuidEntry(0xB, 0, 0, 1, 0x100, (uint)id));
        table.Find(0xB, 1).Should().Be(new CpuidEntry(0xB, 1, coreBits, (uint)count, 0x201, (uint)id));
        table.Find(0xB, 2).Should().Be(new CpuidEntry(0xB, 2, 0, 0, 2, (uint)id));
        CpuModel.Core2.Cpuid.WithProcessor(id, count).Contains(0xB).Should().BeFalse();
    }

    [Fact]
    public void Max_TellsItsFrequenciesAndWhoIsBehindIt()
    {
        CpuidTable table = CpuModel.Max.Cpuid;
        CpuidEntry first = table.Find(0x4000_0000, 0);
        Encoding.ASCII.GetString([.. new[] { first.Ebx, first.Ecx, first.Edx }.SelectMany(BitConverter.GetBytes)]).Should().Be("KvmSharpKvmS");
        table.Find(first.Eax, 0).Should().Be(new CpuidEntry(0x4000_0010, 0, 1_000_000, 1_000_000, 0, 0));
        table.Find(0x15, 0).Should().Be(new CpuidEntry(0x15, 0, 1, 1, 1_000_000_000, 0));
        table.Find(0x16, 0).Eax.Should().Be(1000);
        (table.Find(CpuidTable.ExtendedRange + 7, 0).Edx & (1 << 8)).Should().NotBe(0, "the counter is invariant");
        CpuModel.Core2.Cpuid.Find(0x4000_0000, 0).Leaf.Should().BeLessThan(0x4000_0000, "a real one has no such leaves");
    }
}
