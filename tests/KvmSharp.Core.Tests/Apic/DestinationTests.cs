using KvmSharp.Apic;

namespace KvmSharp.Tests.Apic;

/// <summary>Whom an IPI or a message reaches: physical, logical flat and cluster, broadcast, shorthands, lowest priority.</summary>
public sealed class DestinationTests : ApicTests
{
    private const byte Vector = 0x61;
    private const uint Logical = 1 << 11;
    private const uint Lowest = 1 << 8;

    [Theory]
    [InlineData(0, 0u, new[] { 0 })]
    [InlineData(0, 3u, new[] { 3 })]
    [InlineData(1, 4u, new int[0])]
    [InlineData(1, 0xFFu, new[] { 0, 1, 2, 3 })]
    public void Physical(int sender, uint destination, int[] reached) => Send(Machine(4), sender, destination, 0).Should().Equal(reached);

    [Fact]
    public void LogicalFlat_EveryDestination_FollowsTheModel()
    {
        for (uint destination = 1; destination < 0xFF; destination += 7)
        {
            TestMachine machine = Flat(4);
            int[] expected = [.. Enumerable.Range(0, 4).Where(i => (destination & (1u << (i * 2))) != 0)];
            Send(machine, 0, destination, Logical).Should().Equal(expected, "destination {0:X}", destination);
        }
    }

    [Theory]
    [InlineData(0x11u, new[] { 0 })]
    [InlineData(0x13u, new[] { 0, 1 })]
    [InlineData(0x21u, new[] { 2 })]
    [InlineData(0x2Fu, new[] { 2, 3 })]
    [InlineData(0x3Fu, new int[0])]
    [InlineData(0xFFu, new[] { 0, 1, 2, 3 })]
    public void LogicalCluster(uint destination, int[] reached)
    {
        TestMachine machine = Machine(4);
        foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
        {
            Write(vcpu, ApicRegister.DestinationFormat, 0x0FFF_FFFF);
            Write(vcpu, ApicRegister.LogicalDestination, (uint)((((vcpu.Id / 2) + 1) << 4) | (1 << (vcpu.Id % 2))) << 24);
        }

        Send(machine, 3, destination, Logical).Should().Equal(reached);
    }

    [Theory]
    [InlineData(1u, new[] { 2 })]
    [InlineData(2u, new[] { 0, 1, 2, 3 })]
    [InlineData(3u, new[] { 0, 1, 3 })]
    public void Shorthand(uint shorthand, int[] reached) => Send(Machine(4), 2, 0, shorthand << 18).Should().Equal(reached);

    [Fact]
    public void LowestPriority_ReachesTheLeastBusyOneOnly()
    {
        TestMachine machine = Flat(4);
        Write(machine.Vm.Vcpus[0], ApicRegister.TaskPriority, 0x30);
        Write(machine.Vm.Vcpus[1], ApicRegister.TaskPriority, 0x10);
        Write(machine.Vm.Vcpus[2], ApicRegister.TaskPriority, 0x20);
        Send(machine, 0, 0x15, Logical | Lowest).Should().Equal(1);
    }

    [Fact]
    public void LowestPriority_SkipsWhomSoftwareHasDisabled()
    {
        TestMachine machine = Flat(2);
        Write(machine.Vm.Vcpus[0], ApicRegister.SpuriousVector, 0xFF);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000 | (5 << 12) | 0xC, Vector);
        Reached(machine).Should().Equal(1);
    }

    [Theory]
    [InlineData(0xFEE0_1000UL, new[] { 1 })]
    [InlineData(0xFEEF_F000UL, new[] { 0, 1, 2, 3 })]
    [InlineData(0xFEE1_4004UL, new[] { 1, 2 })]
    [InlineData(0xFED0_1000UL, new int[0])]
    [InlineData(0x1_FEE0_1000UL, new int[0])]
    public void Message_Address(ulong address, int[] reached)
    {
        TestMachine machine = Flat(4);
        machine.Vm.MessageInterrupts.Send(address, Vector);
        Reached(machine).Should().Equal(reached);
    }

    [Fact]
    public void Message_LevelThatEnds_IsNoInterrupt()
    {
        TestMachine machine = Machine();
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x8000 | Vector);
        Reached(machine).Should().BeEmpty();
    }

    [Fact]
    public void Message_WithoutLocalApics_IsLost()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, Vector);
        machine.Cpu.GetEvents().InjectedInterrupt.Should().BeNull();
    }

    private TestMachine Flat(int vcpus)
    {
        TestMachine machine = Machine(vcpus);
        foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
        {
            Write(vcpu, ApicRegister.LogicalDestination, 1u << (24 + (vcpu.Id * 2)));
        }

        return machine;
    }

    private static int[] Send(TestMachine machine, int sender, uint destination, uint bits)
    {
        VirtualCpu cpu = machine.Vm.Vcpus[sender];
        Write(cpu, ApicRegister.InterruptCommandHigh, destination << 24);
        Write(cpu, ApicRegister.InterruptCommand, bits | Vector);
        return Reached(machine);
    }

    private static int[] Reached(TestMachine machine) => [.. machine.Vm.Vcpus.Where(v => Requests(v).Contains(Vector)).Select(v => v.Id)];
}
