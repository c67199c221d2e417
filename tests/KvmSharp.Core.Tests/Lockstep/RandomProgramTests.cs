using System.Globalization;
using Iced.Intel;
using KvmSharp.Lockstep;
using Xunit.Abstractions;

namespace KvmSharp.Tests.Lockstep;

/// <summary>Random programs do the same interpreted and translated, stopped at random places.</summary>
/// <remarks>
/// One class for each mode, so that they run side by side. The environment variable KVMSHARP_LOCKSTEP_INSTRUCTIONS sets the number of
/// instructions of all modes together, for a longer run than everyday's. A program follows from its mode and seed.
/// </remarks>
public abstract class RandomProgramTests(ProgramMode mode, ITestOutputHelper output)
{
    private const ulong EverydayInstructions = 12_000_000;
    private const ulong InstructionsPerProgram = 100_000;
    private const ulong LongestPiece = 2000;
    private static readonly ulong Modes = (ulong)Enum.GetValues<ProgramMode>().Length;

    private static ulong Instructions => Environment.GetEnvironmentVariable("KVMSHARP_LOCKSTEP_INSTRUCTIONS") is { Length: > 0 } count
        ? ulong.Parse(count, CultureInfo.InvariantCulture)
        : EverydayInstructions;

    [Fact]
    public void Compare_RandomPrograms_AreTheSameInBothEngines()
    {
        ulong compared = 0;
        ulong translated = 0;
        for (int seed = 1; compared < Instructions / Modes; seed++)
        {
            LockstepResult result = Compare(seed);
            compared += result.Instructions;
            translated += result.InstructionsTranslated;
        }

        output.WriteLine($"{compared} instructions compared, {translated} of them translated");
    }

    [Fact]
    public void Compare_FreshSeeds_AreTheSameInBothEngines()
    {
        for (int i = 0; i < 4; i++)
        {
            Compare(System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue));
        }
    }

    [Fact]
    public void Make_ManySeeds_GiveCodeThatLoopsAndFaultsAndChanges()
    {
        ulong faults = 0;
        ulong instructions = 0;
        ulong blocks = 0;
        for (int seed = 1; seed <= 20; seed++)
        {
            using BareMachineSide side = MakeSide(EngineKind.Interpreter, seed);
            side.Run(InstructionsPerProgram, CancellationToken.None);
            faults += side.Vcpus[0].Statistics.Exceptions;
            instructions += side.Vcpus[0].InstructionsRetired;
            blocks += side.Vcpus[0].Statistics.BlocksDecoded;
        }

        output.WriteLine($"{instructions} instructions, {faults} exceptions, {blocks} blocks");
        faults.Should().BeInRange(instructions / 10_000, instructions / 10, "some instructions fault, not all");
        (blocks * 10).Should().BeLessThan(instructions, "code runs again and again");
    }

    private LockstepResult Compare(int seed)
    {
        var comparison = new LockstepComparison(engine => MakeSide(engine, seed))
        {
            Grain = LockstepGrain.Varied((ulong)seed, LongestPiece),
            MemoryInterval = 20_000,
            MaxInstructions = InstructionsPerProgram,
        };
        LockstepResult result = comparison.Run();
        if (result.Divergence is { } divergence)
        {
            throw new InvalidOperationException($"{mode}, seed {seed}: {Describe(divergence)}");
        }

        result.Ending.Should().BeNull("{0}, seed {1}: the program goes on for ever", mode, seed);
        return result;
    }

    private BareMachineSide MakeSide(EngineKind engine, int seed)
    {
        var data = new byte[0x4000];
        new Random(seed).NextBytes(data);
        var guest = new LockstepGuest(engine, mode);
        guest.Machine.Memory.Write(LockstepGuest.Code, RandomProgram.Make(seed, mode));
        guest.Machine.Memory.Write(LockstepGuest.Data, data);
        return new BareMachineSide(guest.Machine);
    }

    private static string Describe(LockstepDivergence divergence)
    {
        IEnumerable<string> steps = divergence.Steps.Select(static step =>
        {
            Decoder decoder = Decoder.Create(step.Place.CodeBits, step.Place.Bytes.ToArray());
            decoder.IP = step.Place.InstructionPointer;
            return $"{step.Place.InstructionPointer:X}: {decoder.Decode()}{(step.IsDelivery ? " (event)" : string.Empty)}";
        });
        return $"different behind instruction {divergence.Instruction}: {string.Join("; ", divergence.Differences)}, after {string.Join("; ", steps)}";
    }
}

public sealed class RandomReal16ProgramTests(ITestOutputHelper output) : RandomProgramTests(ProgramMode.Real16, output);

public sealed class RandomFlat32ProgramTests(ITestOutputHelper output) : RandomProgramTests(ProgramMode.Flat32, output);

public sealed class RandomSegmented32ProgramTests(ITestOutputHelper output) : RandomProgramTests(ProgramMode.Segmented32, output);

public sealed class RandomPaged32ProgramTests(ITestOutputHelper output) : RandomProgramTests(ProgramMode.Paged32, output);

public sealed class RandomLong64ProgramTests(ITestOutputHelper output) : RandomProgramTests(ProgramMode.Long64, output);
