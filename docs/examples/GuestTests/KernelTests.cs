using KvmSharp;
using KvmSharp.Testing;
using Xunit;

namespace GuestTests;

/// <summary>A kernel with checks of its own, which tells its host by the debug-exit port whether they passed (guests/verdict).</summary>
public sealed class KernelTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    [Fact]
    public async Task Kernel_OnEverythingThatIsEmulated_PassesItsChecks()
    {
        using GuestMachine machine = GuestMachine.Create().WithImage(GuestFiles.PathOf("verdict.elf")).Build();

        Verdict verdict = await machine.RunToVerdictAsync(Enough);

        verdict.EnsurePassed();
        Assert.Equal("PASS", machine.Serial.LastLines()[^1]);
    }

    [Fact]
    public async Task Kernel_OnA486_MeetsAnInstructionThatItLacks()
    {
        using GuestMachine machine = GuestMachine.Create()
            .WithImage(GuestFiles.PathOf("verdict.elf"))
            .WithCpu(CpuModel.Intel486)
            .Build();

        Verdict verdict = await machine.RunToVerdictAsync(Enough);

        Assert.IsType<Verdict.TripleFault>(verdict); // #UD, and this kernel has no handler
        Assert.Contains("next cmov", verdict.Report!.Places[0], StringComparison.Ordinal);
    }
}
