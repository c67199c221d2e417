using KvmSharp.Lockstep;
using KvmSharp.Machines;
using Xunit.Abstractions;

namespace KvmSharp.Guests.Tests;

/// <summary>Every guest does the same interpreted and translated, compared every few hundred instructions.</summary>
public sealed class LockstepTests(ITestOutputHelper output)
{
    private const ulong Grain = 300;

    [Theory]
    [MemberData(nameof(GuestList.Names), MemberType = typeof(GuestList))]
    public void Compare_Guest_IsTheSameInBothEngines(string name)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        byte[] input = guest.Input is null ? [] : File.ReadAllBytes(GuestList.PathOf(guest.Input));
        PcOptions options = guest.Options();
        var comparison = new LockstepComparison(engine => new PcMachineSide(options, engine, input)) { Grain = LockstepGrain.Of(Grain), MaxInstructions = guest.InstructionLimit };

        LockstepResult result = comparison.Run();
        output.WriteLine($"{result.Instructions} instructions, {result.InstructionsTranslated} of them translated, {result.Ending ?? "limit"}");
        result.Divergence?.Differences.Should().BeEmpty("behind instruction {0}, at {1}", result.Divergence.Instruction, string.Join(", ", result.Divergence.Steps));
        result.Ending.Should().NotBeNull("the guest ends within its limit");
    }

    [Fact]
    public void Compare_OneByteOfRamDiffers_IsFound()
    {
        const ulong Unused = 0x80_0000;
        const ulong At = 500;
        PcOptions options = GuestList.All.Single(static g => g.Name == "hello").Options();
        LockstepDivergence? divergence = new LockstepComparison(engine => new Poked(new PcMachineSide(options, engine), engine == EngineKind.Translator ? At : ulong.MaxValue, Unused))
        {
            Grain = LockstepGrain.Of(Grain),
        }.Run().Divergence;

        divergence.Should().NotBeNull();
        divergence!.Instruction.Should().Be(At);
        divergence.Differences.Should().Equal(new StateDifference($"[{Unused:X}h]", "00 00 00 00 00 00 00 00", "01 00 00 00 00 00 00 00"));
    }

    /// <summary>A machine with a byte of memory changed behind one instruction.</summary>
    private sealed class Poked(PcMachineSide inner, ulong at, ulong address) : ILockstepSide
    {
        public IReadOnlyList<VirtualCpu> Vcpus => inner.Vcpus;

        public GuestMemory Memory => inner.Memory;

        public string? Ending => inner.Ending;

        public IReadOnlyList<LockstepEvent> Events => inner.Events;

        public void Run(ulong instructions, CancellationToken cancellation)
        {
            ulong before = Vcpus[0].InstructionsRetired;
            inner.Run(instructions, cancellation);
            if (before < at && Vcpus[0].InstructionsRetired >= at)
            {
                Memory.Write(address, (byte)1);
            }
        }

        public void ForgetEvents() => inner.ForgetEvents();

        public void Dispose() => inner.Dispose();
    }
}
