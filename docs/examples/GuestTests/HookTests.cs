using KvmSharp;
using KvmSharp.Machines;
using KvmSharp.Testing;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace GuestTests;

/// <summary>What a guest does on its way, seen from outside: nothing is added to the guest.</summary>
public sealed class HookTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    [Fact]
    public async Task Paging_PageFaults_AreTheThreeThatItMends()
    {
        using GuestMachine machine = GuestMachine.Create().WithImage(GuestFiles.PathOf("paging.bin")).Build();
        var faults = new List<(ulong Address, uint? Error)>();
        using IDisposable hook = machine.Hooks.OnInterrupt(taken =>
        {
            if (taken is { Kind: InterruptSource.Exception, Vector: 14 })
            {
                faults.Add((taken.Address, taken.ErrorCode));
            }
        });

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        Assert.Equal([(0xC00124, 2), (0xC01010, 0), (0xC00124, 3)], faults);
    }

    [Fact]
    public async Task Store_ToAWatchedAddress_IsToldWithItsInstruction()
    {
        using GuestMachine machine = GuestMachine.Create()
            .WithCode(StartMode.Protected32, a =>
            {
                a.nop();
                a.mov(__dword_ptr[0x9000], 0x12345678);
                a.mov(__dword_ptr[0x9004], 2);
                a.mov(al, 0);
                a.@out(0xF4, al);
            })
            .Build();
        var stores = new List<MemoryAccess>();
        using IDisposable hook = machine.Hooks.OnMemory(0x9000, 4, stores.Add);

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        MemoryAccess store = Assert.Single(stores);
        Assert.Equal((ExitDirection.Write, 0x9000UL, 4, 0x12345678UL), (store.Direction, store.Address, store.Width, store.Value));
        Assert.Equal(1UL, store.Position.Instructions); // one came before it
    }

    [Fact]
    public async Task Trace_OfTheSameGuest_IsTheSame()
    {
        async Task<ulong> HashOf(EngineKind engine)
        {
            using GuestMachine machine = GuestMachine.Create().WithImage(GuestFiles.PathOf("paging.bin")).WithSeed(7).WithEngine(engine).Build();
            machine.Trace.Record();
            (await machine.RunToVerdictAsync(Enough)).EnsurePassed();
            return machine.Trace.Hash;
        }

        Assert.Equal(await HashOf(EngineKind.Interpreter), await HashOf(EngineKind.Translator));
    }
}
