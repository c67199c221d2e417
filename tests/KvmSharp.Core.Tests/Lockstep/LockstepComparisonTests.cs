using Iced.Intel;
using KvmSharp.Lockstep;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Lockstep;

/// <summary>A comparison finds what is there to find, and nothing else.</summary>
public sealed class LockstepComparisonTests
{
    private const ulong Iterations = 20_000;
    private const ulong PerIteration = 4;
    private const ulong Scratch = 0x2_0000;
    private const int TestPort = 0x80;

    [Fact]
    public void Run_EqualMachines_ComparesAllInstructions()
    {
        LockstepResult result = Compare(at: 0, static _ => { });

        result.Divergence.Should().BeNull();
        result.Ending.Should().StartWith("Hlt");
        result.Instructions.Should().Be((Iterations * PerIteration) + 3);
    }

    // What stays: a flag that the next addition overwrites is equal again when the piece ends. Of the flags that is ID.
    public static TheoryData<string, Action<ILockstepSide>> RegisterFaults => new()
    {
        { "RBX", side => Change(side, r => r with { Rbx = r.Rbx ^ 1 }) },
        { "RFLAGS", side => Change(side, r => r with { Rflags = r.Rflags ^ 0x20_0000 }) },
        { "FS.limit", side => side.Vcpus[0].SetSpecialRegisters(side.Vcpus[0].GetSpecialRegisters() with { Fs = SegmentRegister.FlatData32(0x10) with { Limit = 0xFFFF } }) },
        { "CR2", side => side.Vcpus[0].SetSpecialRegisters(side.Vcpus[0].GetSpecialRegisters() with { Cr2 = 5 }) },
        { "DR0", side => side.Vcpus[0].SetDebugRegisters(side.Vcpus[0].GetDebugRegisters() with { Dr0 = 5 }) },
        { "IA32_SYSENTER_ESP", side => side.Vcpus[0].SetMsr(0x175, 5) },
        { "x87 registers in use", side => side.Vcpus[0].SetFpuState(side.Vcpus[0].GetFpuState() with { Ftwx = 1 }) },
        { "MXCSR", side => side.Vcpus[0].SetFpuState(side.Vcpus[0].GetFpuState() with { Mxcsr = 0x1FA0 }) },
        { "XMM3[127:64]", side => side.Vcpus[0].SetFpuState(WithXmm3(side.Vcpus[0].GetFpuState())) },
    };

    [Theory]
    [MemberData(nameof(RegisterFaults))]
    public void Run_OneRegisterDiffers_NamesItAndTheInstruction(string name, Action<ILockstepSide> fault)
    {
        const ulong At = 12_345;
        LockstepResult result = Compare(At, fault);

        LockstepDivergence divergence = result.Divergence.Should().NotBeNull().And.Subject.As<LockstepDivergence>();
        divergence.IsReproduced.Should().BeTrue();
        divergence.Instruction.Should().Be(At);
        divergence.Differences.Should().ContainSingle().Which.Name.Should().Be(name);
        divergence.Steps.Should().ContainSingle().Which.Number.Should().Be(At);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(54_321)]
    public void Run_OneByteOfMemoryDiffers_TellsWhereAndBehindWhat(ulong at)
    {
        LockstepResult result = Compare(at, static side => side.Memory.Write(Scratch + 3, (byte)0x5A), memoryInterval: 1 << 20);

        result.Divergence!.Instruction.Should().Be(at);
        result.Divergence.Differences.Should().Equal(new StateDifference("[20000h]", "00 00 00 00 00 00 00 00", "00 00 00 5A 00 00 00 00"));
    }

    [Fact]
    public void Run_Difference_HasThePlaceOfItsInstruction()
    {
        const ulong SecondOfAnIteration = 2 + (100 * PerIteration) + 2;
        LockstepStep step = Compare(SecondOfAnIteration, side => Change(side, r => r with { Rsi = 7 })).Divergence!.Steps.Single();

        step.Place.CodeBits.Should().Be(32);
        step.Place.CodeSegment.Should().Be((ushort)8);
        Decoder.Create(32, step.Place.Bytes.ToArray()).Decode().Mnemonic.Should().Be(Mnemonic.Out);
        step.IsDelivery.Should().BeFalse();
    }

    [Fact]
    public void Run_OnlyAnExitDiffers_FindsWhatMadeItDiffer()
    {
        const ulong BehindAnAddition = 2 + (50 * PerIteration) + 1;
        void Flip(ILockstepSide side) => Change(side, r => r with { Rax = r.Rax ^ 0x40 });
        var comparison = new LockstepComparison(engine => engine == EngineKind.Interpreter
            ? Side(engine)
            : new FaultySide(new FaultySide(Side(engine), BehindAnAddition, Flip), BehindAnAddition + 1, Flip));

        LockstepDivergence divergence = comparison.Run().Divergence!;
        divergence.IsReproduced.Should().BeTrue();
        divergence.Instruction.Should().BeInRange(BehindAnAddition, BehindAnAddition + 1);
    }

    [Fact]
    public void Run_OneMachineEnds_IsADifference()
    {
        LockstepResult result = Compare(100, side => Change(side, r => r with { Rcx = 1 }), LockstepGrain.Of(PerIteration * Iterations));

        result.Divergence!.Instruction.Should().Be(100);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Run_AnyGrain_FindsTheSameInstruction(ulong grain) =>
        Compare(777, side => Change(side, r => r with { Rbx = 9 }), LockstepGrain.Of(grain)).Divergence!.Instruction.Should().Be(777);

    [Fact]
    public void Run_BlockOrVariedGrain_FindsTheSameInstruction()
    {
        Compare(777, side => Change(side, r => r with { Rbx = 9 }), LockstepGrain.Block).Divergence!.Instruction.Should().Be(777);
        Compare(777, side => Change(side, r => r with { Rbx = 9 }), LockstepGrain.Varied(5, 600)).Divergence!.Instruction.Should().Be(777);
    }

    [Fact]
    public void Run_DifferentFromTheStart_SaysSo()
    {
        var comparison = new LockstepComparison(engine => Side(engine, engine == EngineKind.Translator ? (byte)1 : (byte)0));

        LockstepDivergence divergence = comparison.Run().Divergence!;
        divergence.Instruction.Should().Be(0);
        divergence.Differences.Should().ContainSingle().Which.Name.Should().Be("[20000h]");
    }

    [Fact]
    public void Run_DifferenceThatComesOnce_IsToldAsNotReproduced()
    {
        Action<ILockstepSide> once = Once(side => Change(side, r => r with { Rbx = 9 }));

        LockstepDivergence divergence = Compare(777, once).Divergence!;
        divergence.IsReproduced.Should().BeFalse();
        divergence.Differences.Should().ContainSingle().Which.Name.Should().Be("RBX");
    }

    [Fact]
    public void Run_Limit_EndsThere()
    {
        var comparison = new LockstepComparison(engine => Side(engine)) { MaxInstructions = 1000 };

        LockstepResult result = comparison.Run();
        (result.Instructions, result.Ending, result.Divergence).Should().Be((1000UL, null, null));
    }

    [Fact]
    public void Run_Cancelled_EndsWithoutADifference()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        new LockstepComparison(engine => Side(engine)).Run(cancelled.Token).Divergence.Should().BeNull();
    }

    private static LockstepResult Compare(ulong at, Action<ILockstepSide> fault, LockstepGrain? grain = null, ulong memoryInterval = 10_000) =>
        new LockstepComparison(engine => engine == EngineKind.Translator && at > 0 ? new FaultySide(Side(engine), at, fault) : Side(engine))
        {
            Grain = grain ?? LockstepGrain.Of(1000),
            MemoryInterval = memoryInterval,
        }.Run();

    // A sum is counted up and sent to a port in a loop; a byte of memory that no instruction touches can be set.
    private static BareMachineSide Side(EngineKind engine, byte scratch = 0)
    {
        var guest = new LockstepGuest(engine, ProgramMode.Flat32);
        guest.Machine.Memory.Write(Scratch, scratch);
        guest.Load(c =>
        {
            Label again = c.CreateLabel();
            c.mov(ecx, (uint)Iterations);
            c.xor(eax, eax);
            c.Label(ref again);
            c.add(eax, ecx);
            c.@out(TestPort, al);
            c.dec(ecx);
            c.jnz(again);
            c.hlt();
        });
        return new BareMachineSide(guest.Machine);
    }

    private static void Change(ILockstepSide side, Func<GeneralRegisters, GeneralRegisters> change) =>
        side.Vcpus[0].SetRegisters(change(side.Vcpus[0].GetRegisters()));

    private static Action<ILockstepSide> Once(Action<ILockstepSide> fault)
    {
        bool done = false;
        return side =>
        {
            if (!done)
            {
                done = true;
                fault(side);
            }
        };
    }

    private static FpuState WithXmm3(FpuState state)
    {
        XmmRegisters xmm = state.Xmm;
        xmm[3] = UInt128.One << 100;
        return state with { Xmm = xmm };
    }
}
