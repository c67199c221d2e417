using System.Globalization;
using Iced.Intel;
using KvmSharp.Cpuid;
using Xunit.Abstractions;

namespace KvmSharp.Tests.Engine.RandomCode;

/// <summary>"A guest can do nothing to its host": streams of random instructions run to their budget, and no exception leaves Run.</summary>
/// <remarks>
/// One class for each mode, so that they run side by side. The environment variable KVMSHARP_RANDOM_STREAMS sets the number of streams
/// of all modes together, for a longer run than everyday's. A stream follows from its seed and its number.
/// </remarks>
public abstract class RandomCodeTests(RandomMode mode, ITestOutputHelper output)
{
    private const int EverydayStreams = 30_000;
    private const int StreamsPerSeed = 1000;
    private const ulong Budget = 300;
    private static readonly int Modes = Enum.GetValues<RandomMode>().Length;

    private static int Streams => Environment.GetEnvironmentVariable("KVMSHARP_RANDOM_STREAMS") is { Length: > 0 } count
        ? int.Parse(count, CultureInfo.InvariantCulture)
        : EverydayStreams;

    [Fact]
    public void Run_RandomStreams_StayInsideTheirBudget()
    {
        int streams = (Streams + Modes - 1) / Modes;
        for (int seed = 1; streams > 0; seed++, streams -= StreamsPerSeed)
        {
            RunStreams(seed, Math.Min(streams, StreamsPerSeed));
        }
    }

    [Fact]
    public void Run_FreshSeed_StaysInsideItsBudget()
    {
        int seed = System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue);
        output.WriteLine($"seed {seed}");
        RunStreams(seed, StreamsPerSeed);
    }

    private void RunStreams(int seed, int streams)
    {
        using var guest = new RandomCodeGuest(mode, new Random(seed));
        for (int stream = 0; stream < streams; stream++)
        {
            guest.Prepare(stream);
            ulong rip = guest.Cpu.GetRegisters().Rip;
            try
            {
                RunStream(guest);
            }
            catch (Exception e)
            {
                string code = Convert.ToHexString(guest.Code.AsSpan((int)(rip & 0xFFF))[..64]);
                throw new InvalidOperationException($"{mode}, seed {seed}, stream {stream}, code {code}...: {e.Message}", e);
            }
        }

        output.WriteLine(
            $"seed {seed}: {guest.Cpu.InstructionsRetired} instructions, {guest.Cpu.Statistics.Exceptions} exceptions, "
            + $"{guest.Cpu.Statistics.BlocksDecoded} blocks, {guest.Cpu.Statistics.ExitsOf(VmExitReason.Io)} port and "
            + $"{guest.Cpu.Statistics.ExitsOf(VmExitReason.Mmio)} MMIO accesses");
    }

    private static void RunStream(RandomCodeGuest guest)
    {
        VirtualCpu cpu = guest.Cpu;
        for (int runs = 0; runs < 4; runs++)
        {
            ulong start = cpu.InstructionsRetired;
            VmExit exit = cpu.Run(Budget);
            ulong ran = cpu.InstructionsRetired - start;
            ran.Should().BeLessThanOrEqualTo(Budget);
            exit.Reason.Should().NotBe(VmExitReason.Unknown);
            if (exit.Reason == VmExitReason.InternalError)
            {
                RequireReason(guest);
            }

            if (exit.Reason is not (VmExitReason.Io or VmExitReason.Mmio or VmExitReason.Hlt))
            {
                break;
            }
        }

        for (int i = 0; cpu.HasPendingExit; i++)
        {
            i.Should().BeLessThan(100, "an instruction has an end");
            cpu.CompletePendingExit();
        }
    }

    // Only a fetch from where there is no RAM, and an instruction that CPUID does not offer, may be beyond the core.
    private static void RequireReason(RandomCodeGuest guest)
    {
        VirtualCpu cpu = guest.Cpu;
        SpecialRegisters special = cpu.GetSpecialRegisters();
        bool is64Bit = special.Cs.LongMode && (special.Efer & 0x400) != 0;
        if (cpu.ExitData.IsEmpty)
        {
            ulong linear = cpu.GetRegisters().Rip + (is64Bit ? 0 : special.Cs.Base);
            linear = is64Bit ? linear : (uint)linear;
            bool isRam = IsRam(cpu, linear) && IsRam(cpu, linear + 14);
            isRam.Should().BeFalse("code at {0:X} is in RAM and can be fetched", linear);
            return;
        }

        byte[] bytes = cpu.ExitData.ToArray();
        int bits = is64Bit ? 64 : special.Cs.DefaultBig ? 32 : 16;
        Instruction instruction = Decoder.Create(bits, bytes).Decode();
        bool isOffered = !instruction.IsInvalid && new CpuFeatures(cpu.Cpuid).TryFind(instruction, uint.MaxValue, out _);
        isOffered.Should().BeFalse("{0} is {1}, which CPUID offers", Convert.ToHexString(bytes), instruction);
    }

    private static bool IsRam(VirtualCpu cpu, ulong linear) =>
        cpu.Translate(linear) is { IsValid: true } translation && translation.PhysicalAddress < RandomCodeGuest.RamSize;
}

public sealed class RandomRealModeCodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Real16, output);

public sealed class RandomProtected16CodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Protected16, output);

public sealed class RandomProtected32CodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Protected32, output);

public sealed class RandomPagedCodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Paged32, output);

public sealed class RandomCompatibilityCodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Compatible32, output);

public sealed class RandomLongCodeTests(ITestOutputHelper output) : RandomCodeTests(RandomMode.Long64, output);
