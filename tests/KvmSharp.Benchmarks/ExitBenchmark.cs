using BenchmarkDotNet.Attributes;

namespace KvmSharp.Benchmarks;

/// <summary>What it costs to leave the guest: a port write through the bare loop, and in place through an exit handler.</summary>
[MemoryDiagnoser]
public class ExitBenchmark
{
    private const int Exits = 10_000;

    // again: out 80h, al; jmp again
    private static readonly byte[] Code = [0xE6, 0x80, 0xEB, 0xFC];

    private BenchGuest _guest = null!;

    [GlobalSetup]
    public void Setup() => _guest = new BenchGuest(0x10_0000, Code);

    [GlobalCleanup]
    public void Cleanup() => _guest.Dispose();

    [Benchmark(OperationsPerInvoke = Exits)]
    public int RoundTrip()
    {
        int written = 0;
        for (int i = 0; i < Exits; i++)
        {
            written += (int)_guest.Cpu.Run().Value;
        }

        return written;
    }

    [Benchmark(OperationsPerInvoke = Exits)]
    public VmExit InPlace()
    {
        _guest.Vm.ExitHandler = new Sink();
        VmExit last = _guest.Cpu.Run(2 * Exits);
        _guest.Vm.ExitHandler = null;
        return last;
    }

    private sealed class Sink : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data) => true;
    }
}
