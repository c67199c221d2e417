using BenchmarkDotNet.Attributes;

namespace KvmSharp.Benchmarks;

/// <summary>Making and disposing a machine with 16 MiB and one vCPU, and running one instruction in it.</summary>
[MemoryDiagnoser]
public class MachineBenchmark
{
    private const ulong Memory = 16 << 20;

    // hlt
    private static readonly byte[] Code = [0xF4];

    [Benchmark]
    public VmExit CreateRunDispose()
    {
        using var guest = new BenchGuest(Memory, Code);
        return guest.Cpu.Run();
    }
}
