using Xunit.Abstractions;

namespace KvmSharp.Tests.Engine;

/// <summary>"A guest can do nothing to its host": pages of random bytes run to their budget, and no exception leaves Run.</summary>
/// <remarks>One class for each mode, so that they run side by side.</remarks>
public abstract class RandomCodeTests(RandomCodeTests.Mode mode, ITestOutputHelper output)
{
    private const int PagesPerSeed = 5000;
    private const ulong Budget = 300;
    private const ulong RamSize = 0x4_0000;

    public enum Mode
    {
        Real16,
        Protected16,
        Protected32,
        Paged32,
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Run_RandomPages_StayInsideTheirBudget(int seed) => RunPages(seed);

    [Fact]
    public void Run_FreshSeed_StaysInsideItsBudget()
    {
        int seed = System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue);
        output.WriteLine($"seed {seed}");
        RunPages(seed);
    }

    private void RunPages(int seed)
    {
        using Kvm kvm = Kvm.Open();
        using VirtualMachine vm = kvm.CreateVm();
        vm.SetUserMemoryRegion(new MemorySlot(0, 0, RamSize));
        VirtualCpu cpu = vm.CreateVcpu(0);
        var random = new Random(seed);
        vm.ExitHandler = new Answers(random);
        byte[] bytes = new byte[0x1000];
        for (int page = 0; page < PagesPerSeed; page++)
        {
            Prepare(vm, cpu, random, bytes, page);
            ulong before = cpu.InstructionsRetired;
            for (int runs = 0; runs < 4; runs++)
            {
                ulong start = cpu.InstructionsRetired;
                VmExit exit = cpu.Run(Budget);
                ulong ran = cpu.InstructionsRetired - start;

                // A string instruction that an exit left unfinished may bring in its whole packet at once.
                if (ran > Budget || exit.Reason is VmExitReason.Unknown)
                {
                    Assert.Fail($"{mode}, seed {seed}, page {page}: {exit} after {ran} instructions");
                }

                if (exit.Reason is not (VmExitReason.Io or VmExitReason.Mmio or VmExitReason.Hlt))
                {
                    break;
                }
            }

            Assert.True(cpu.CompletePendingExit() || cpu.CompletePendingExit() || Drain(cpu), $"{mode}, seed {seed}, page {page}");
            Assert.True(cpu.InstructionsRetired >= before);
        }

        output.WriteLine(
            $"{cpu.InstructionsRetired} instructions, {cpu.Statistics.Exceptions} exceptions, {cpu.Statistics.BlocksDecoded} blocks, "
            + $"{cpu.Statistics.ExitsOf(VmExitReason.Io)} port and {cpu.Statistics.ExitsOf(VmExitReason.Mmio)} MMIO accesses");
    }

    private static bool Drain(VirtualCpu cpu)
    {
        for (int i = 0; i < 100; i++)
        {
            if (cpu.CompletePendingExit())
            {
                return true;
            }
        }

        return false;
    }

    private void Prepare(VirtualMachine vm, VirtualCpu cpu, Random random, byte[] bytes, int page)
    {
        random.NextBytes(bytes);
        Sprinkle(bytes, random);
        ulong at = random.Next(4) == 0 ? 0x1000UL : 0x2000UL; // sometimes where code ran just before
        vm.Memory.Write(at, bytes);
        if (random.Next(4) == 0)
        {
            vm.Memory.Write(0, bytes); // interrupt vectors, or tables, of noise
        }

        bool hasIdt = random.Next(2) == 0;
        bool is32 = mode is Mode.Protected32 or Mode.Paged32;
        bool isProtected = mode != Mode.Real16;
        ulong dpl = random.Next(4) == 0 ? 3UL : 0;
        SegmentRegister code = (isProtected ? SegmentRegister.FlatCode32(8) : SegmentRegister.RealMode(0)) with { DefaultBig = is32, Dpl = (byte)(isProtected ? dpl : 0) };
        SegmentRegister data = (isProtected ? SegmentRegister.FlatData32(16) : SegmentRegister.RealMode((ushort)random.Next(0x10000)))
            with
        { DefaultBig = is32, Dpl = (byte)(isProtected ? dpl : 0) };
        if (isProtected && (page % 8) == 0)
        {
            WriteTables(vm, random);
        }

        cpu.Reset();
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with
        {
            Cs = code,
            Ds = data,
            Es = data,
            Ss = data,
            Fs = random.Next(3) == 0 ? data with { Unusable = true } : data,
            Gs = random.Next(3) == 0 ? data with { Type = 7, Limit = 0x1FFF } : data,
            Cr0 = (isProtected ? 0x11UL : 0x10) | (mode == Mode.Paged32 ? 0x8000_0000UL : 0) | (random.Next(2) == 0 ? 0x1_0000UL : 0),
            Cr3 = 0x1_0000,
            Cr4 = random.Next(2) == 0 ? 0x10UL : 0,
            Gdt = new DescriptorTable(0x8000, 0xFF),
            Idt = hasIdt ? new DescriptorTable(isProtected ? 0x9000UL : 0, isProtected ? (ushort)0x7FF : (ushort)0x3FF) : default,
        });
        cpu.SetRegisters(new GeneralRegisters
        {
            Rax = Value(random),
            Rcx = Value(random),
            Rdx = Value(random),
            Rbx = Value(random),
            Rsp = Value(random),
            Rbp = Value(random),
            Rsi = Value(random),
            Rdi = Value(random),
            Rip = at + (ulong)random.Next(4) * 0x3FFUL,
            Rflags = (ulong)random.Next() & 0x7FD7,
        });
    }

    // Noise seldom makes loops, far transfers and string instructions that get anywhere; these do.
    private static void Sprinkle(byte[] bytes, Random random)
    {
        ReadOnlySpan<byte> useful = [0x0F, 0x9D, 0xCF, 0xCD, 0xF3, 0xF2, 0xA4, 0xAA, 0x6C, 0x6E, 0xEB, 0xE8, 0xC3, 0x74, 0xE2, 0xF0, 0x8E, 0x22, 0x66, 0x67, 0xFB, 0xFA, 0xFF, 0x9A];
        for (int i = random.Next(800); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = useful[random.Next(useful.Length)];
        }
    }

    private static void WriteTables(VirtualMachine vm, Random random)
    {
        vm.Memory.Write(0x8008, 0x00CF_9B00_0000_FFFFUL);
        vm.Memory.Write(0x8010, 0x00CF_9300_0000_FFFFUL);
        vm.Memory.Write(0x8018, 0x00CF_FB00_0000_FFFFUL);
        vm.Memory.Write(0x8020, 0x00CF_F300_0000_FFFFUL);
        vm.Memory.Write(0x8028, 0x0000_8900_A000_0067UL); // a TSS at A000h
        for (int vector = 0; vector < 32; vector++)
        {
            ulong type = random.Next(8) switch { 0 => 0x8F00UL, 1 => 0x8600, 2 => 0xEE00, _ => 0x8E00 };
            ulong selector = random.Next(16) == 0 ? (ulong)random.Next(0x40) : 8;
            vm.Memory.Write(0x9000 + ((ulong)vector * 8), (0x1000UL + ((ulong)vector * 0x31)) | (selector << 16) | (type << 32));
        }

        vm.Memory.Write(0x1_0000, 0x1_1007U);
        vm.Memory.Write(0x1_0004, (uint)random.Next() | 0x80);
        for (uint page = 0; page < 64; page++)
        {
            uint rights = random.Next(8) == 0 ? (uint)random.Next(8) : 7;
            uint target = random.Next(8) == 0 ? (uint)random.Next(0x50) : page;
            vm.Memory.Write(0x1_1000 + (page * 4), (target << 12) | rights);
        }
    }

    private static ulong Value(Random random) => random.Next(4) switch
    {
        0 => (uint)random.Next(0x100),
        1 => (uint)random.Next((int)RamSize + 0x2000),
        2 => 0x1000UL + (uint)random.Next(0x2000),
        _ => (uint)random.NextInt64(),
    };

    /// <summary>Answers about half of the exits in place.</summary>
    private sealed class Answers(Random random) : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Direction == ExitDirection.Read)
            {
                random.NextBytes(data);
            }

            return random.Next(4) != 0;
        }
    }
}

public sealed class RandomRealModeCodeTests(ITestOutputHelper output) : RandomCodeTests(Mode.Real16, output);

public sealed class RandomProtected16CodeTests(ITestOutputHelper output) : RandomCodeTests(Mode.Protected16, output);

public sealed class RandomProtected32CodeTests(ITestOutputHelper output) : RandomCodeTests(Mode.Protected32, output);

public sealed class RandomPagedCodeTests(ITestOutputHelper output) : RandomCodeTests(Mode.Paged32, output);
