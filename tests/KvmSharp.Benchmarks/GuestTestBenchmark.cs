using BenchmarkDotNet.Attributes;
using KvmSharp.Machines;
using KvmSharp.Testing;

namespace KvmSharp.Benchmarks;

/// <summary>The shortest test of a guest: a whole PC of 64 MiB is made, runs two instructions up to its verdict, and is disposed; and forks of one.</summary>
[MemoryDiagnoser]
public class GuestTestBenchmark
{
    // mov al, 0; out 0xF4, al; hlt
    private static readonly byte[] Code = [0xB0, 0x00, 0xE6, 0xF4, 0xF4];

    private readonly GuestMachineBuilder _builder = GuestMachine.Create().WithBytes(Code, StartMode.Protected32);
    private GuestMachine? _parent;

    [GlobalSetup]
    public void MakeParent() => _parent = _builder.Build();

    [GlobalCleanup]
    public void DisposeParent() => _parent!.Dispose();

    [Benchmark]
    public async Task<Verdict> BuildRunDispose()
    {
        using GuestMachine machine = _builder.Build();
        return await machine.RunToVerdictAsync(Budget.OfInstructions(1000));
    }

    [Benchmark]
    public ulong ForkDispose()
    {
        using PcMachine fork = _parent!.Pc.Fork();
        return fork.InstructionsRetired;
    }
}
