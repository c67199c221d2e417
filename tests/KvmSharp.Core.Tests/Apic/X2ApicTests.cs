using KvmSharp.Apic;

namespace KvmSharp.Tests.Apic;

/// <summary>x2APIC mode: how it is entered and left, its registers, its destinations; and the bits of CPUID that follow.</summary>
public sealed class X2ApicTests : ApicTests
{
    private const uint Base = 0x1B;
    private const ulong Off = 0xFEE0_0000;
    private const ulong XApic = 0xFEE0_0800;
    private const ulong X2Apic = 0xFEE0_0C00;

    [Theory]
    [InlineData(XApic, X2Apic, true)]
    [InlineData(XApic, Off, true)]
    [InlineData(XApic, 0xFEE0_0400, false)]
    [InlineData(X2Apic, XApic, false)]
    [InlineData(X2Apic, Off, true)]
    [InlineData(X2Apic, X2Apic, true)]
    [InlineData(Off, X2Apic, false)]
    [InlineData(Off, XApic, true)]
    [InlineData(XApic, XApic | 1, false)]
    public void Base_ChangesOfMode_AreTheManuals(ulong from, ulong to, bool allowed)
    {
        VirtualCpu cpu = Machine(2).Vm.Vcpus[1];
        cpu.SetMsr(Base, from);
        Action change = () => cpu.SetMsr(Base, to);
        if (allowed)
        {
            change();
        }
        else
        {
            change.Should().Throw<KvmException>();
        }

        cpu.GetMsr(Base).Should().Be(allowed ? to : from);
    }

    [Fact]
    public void Base_ModelWithoutX2Apic_RefusesIt()
    {
        VirtualCpu cpu = Machine().Cpu;
        cpu.Cpuid = CpuModel.Core2.Cpuid;
        cpu.Invoking(c => c.SetMsr(Base, X2Apic)).Should().Throw<KvmException>();
    }

    [Fact]
    public void Disabled_PowerOnRegistersAndNoPage()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.TaskPriority, 0x50);
        machine.Cpu.SetMsr(Base, Off);
        machine.Cpu.Engine.Mmu.Physical.ApicPage.Should().Be(ulong.MaxValue);
        machine.Vm.MessageInterrupts.Send(Off, 0x41);
        Requests(machine.Cpu).Should().BeEmpty();
        machine.Cpu.SetMsr(Base, XApic);
        Read(machine.Cpu, ApicRegister.TaskPriority).Should().Be(0);
    }

    [Theory]
    [InlineData(0x802, 1UL)]
    [InlineData(0x803, 0x0005_0014UL)]
    [InlineData(0x808, 0UL)]
    [InlineData(0x80D, 2UL)]
    [InlineData(0x80F, 0x1FFUL)]
    [InlineData(0x830, 0UL)]
    [InlineData(0x80B, null)] // EOI is written only
    [InlineData(0x80E, null)] // there is no DFR
    [InlineData(0x809, null)] // nor an arbitration priority
    [InlineData(0x831, null)] // ICR is one register
    [InlineData(0x83F, null)]
    public void Read_ByNumber(int index, ulong? expected)
    {
        VirtualCpu cpu = InX2Apic(2)[1];
        if (expected is { } value)
        {
            cpu.GetMsr((uint)index).Should().Be(value);
        }
        else
        {
            cpu.Invoking(c => c.GetMsr((uint)index)).Should().Throw<KvmException>();
        }
    }

    [Theory]
    [InlineData(0x802, 0UL, false)]
    [InlineData(0x808, 0x100UL, false)]
    [InlineData(0x808, 0x1_0000_0050UL, false)]
    [InlineData(0x808, 0x50UL, true)]
    [InlineData(0x80B, 0UL, true)]
    [InlineData(0x80B, 1UL, false)]
    [InlineData(0x828, 1UL, false)]
    [InlineData(0x828, 0UL, true)]
    [InlineData(0x832, 0x8_0000UL, false)]
    [InlineData(0x832, 0x2_0045UL, true)]
    [InlineData(0x839, 0UL, false)]
    public void Write_ReservedBits_AreRefused(int index, ulong value, bool taken)
    {
        VirtualCpu cpu = InX2Apic(1)[0];
        Action write = () => cpu.SetMsr((uint)index, value);
        if (taken)
        {
            write();
        }
        else
        {
            write.Should().Throw<KvmException>();
        }
    }

    [Fact]
    public void Registers_InXApicMode_AreNotThere() =>
        Machine().Cpu.Invoking(c => c.GetMsr(0x802)).Should().Throw<KvmException>();

    [Theory]
    [InlineData(17UL << 32, new[] { 17 })]
    [InlineData(0xFFFF_FFFFUL << 32, new[] { 0, 1, 17 })]
    [InlineData(0xFFUL << 32, new int[0])]
    [InlineData((0x0001_0002UL << 32) | (1 << 11), new[] { 17 })]
    [InlineData((0x0000_0003UL << 32) | (1 << 11), new[] { 0, 1 })]
    [InlineData(0x000C_0000UL, new[] { 1, 17 })]
    public void Command_Destinations(ulong bits, int[] reached)
    {
        IReadOnlyList<VirtualCpu> cpus = InX2Apic(2, 17);
        cpus[0].SetMsr(0x830, bits | 0x61);
        cpus.Where(c => Requests(c).Contains((byte)0x61)).Select(c => c.Id).Should().Equal(reached);
        cpus[0].GetMsr(0x830).Should().Be(bits | 0x61);
    }

    [Fact]
    public void SelfIpi_ReachesTheSender()
    {
        VirtualCpu cpu = InX2Apic(1)[0];
        cpu.SetMsr(0x83F, 0x77);
        Requests(cpu).Should().Equal(0x77);
    }

    private IReadOnlyList<VirtualCpu> InX2Apic(int vcpus, int? another = null)
    {
        TestMachine machine = Machine(vcpus);
        if (another is { } id)
        {
            Write(machine.Vm.CreateVcpu(id), ApicRegister.SpuriousVector, Enabled);
        }

        foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
        {
            vcpu.SetMsr(Base, X2Apic);
        }

        return machine.Vm.Vcpus;
    }
}
