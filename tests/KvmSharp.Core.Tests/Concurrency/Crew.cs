namespace KvmSharp.Tests.Concurrency;

/// <summary>Several vCPUs of one machine, each run to its HLT on a thread of its own, all starting together.</summary>
internal static class Crew
{
    public static void Run(TestMachine machine, params ulong[] starts)
    {
        var vcpus = new VirtualCpu[starts.Length];
        for (int i = 0; i < starts.Length; i++)
        {
            vcpus[i] = i == 0 ? machine.Cpu : machine.Vm.Vcpus.FirstOrDefault(v => v.Id == i) ?? machine.AddVcpu(i);
            machine.Prepare(vcpus[i], starts[i]);
        }

        machine.Vm.ExitHandler ??= new Yielding();
        Run(vcpus);
    }

    /// <summary>Runs vCPUs that stand at their first instruction.</summary>
    public static void Run(params VirtualCpu[] vcpus)
    {
        using var start = new Barrier(vcpus.Length);
        var exits = new VmExit[vcpus.Length];
        Thread[] threads = [.. vcpus.Select((vcpu, i) => new Thread(() =>
        {
            start.SignalAndWait();
            exits[i] = vcpu.Run(500_000_000);
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        exits.Should().OnlyContain(e => e.Reason == VmExitReason.Hlt);
    }

    /// <summary>A guest that waits for another vCPU writes to a port now and then: with fewer processors than vCPUs the other must get one.</summary>
    private sealed class Yielding : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            Thread.Yield();
            return true;
        }
    }
}
