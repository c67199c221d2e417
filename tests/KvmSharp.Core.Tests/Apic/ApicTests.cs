using KvmSharp.Apic;

namespace KvmSharp.Tests.Apic;

/// <summary>What the tests of the local APIC share: machines with APICs that software has enabled, and registers by name.</summary>
public abstract class ApicTests : IDisposable
{
    internal const uint Enabled = 0x1FF;
    internal const uint Masked = 1 << 16;

    private readonly List<TestMachine> _machines = [];

    public void Dispose()
    {
        _machines.ForEach(static machine => machine.Dispose());
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes a machine that a test does not need to dispose.</summary>
    internal TestMachine Machine(int vcpus = 1, bool enabled = true)
    {
        TestMachine machine = TestMachine.WithApics(vcpus: vcpus);
        _machines.Add(machine);
        if (enabled)
        {
            foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
            {
                Write(vcpu, ApicRegister.SpuriousVector, Enabled);
            }
        }

        return machine;
    }

    internal static LocalApic ApicOf(VirtualCpu vcpu) => vcpu.Engine.Apic!;

    internal static uint Read(VirtualCpu vcpu, ApicRegister register) => ApicOf(vcpu).Registers.Read(register);

    internal static void Write(VirtualCpu vcpu, ApicRegister register, uint value) => ApicOf(vcpu).Registers.Write(register, value);

    /// <summary>The vectors that an APIC has been asked for.</summary>
    internal static byte[] Requests(VirtualCpu vcpu) => [.. Enumerable.Range(0, 256).Select(v => (byte)v).Where(ApicOf(vcpu).Requested.Has)];
}
