using Iced.Intel;
using KvmSharp.Machines;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>Building machines, many of them, and running them alike.</summary>
public sealed class MachineTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    [Theory]
    [InlineData(StartMode.Real16)]
    [InlineData(StartMode.Protected32)]
    [InlineData(StartMode.Long64)]
    public async Task Code_InEachMode_Runs(StartMode mode)
    {
        using GuestMachine machine = TestGuests.Make(
            a =>
            {
                a.Print("hi");
                a.Exit(0);
            },
            mode);

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        machine.Serial.Transcript.Should().Be("hi");
    }

    [Fact]
    public async Task Screen_TextInVideoMemory_IsAwaited()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, 200_000);
            a.Label(ref loop);
            a.dec(ecx);
            a.jnz(loop);
            a.mov(__dword_ptr[0xB8000], 0x0742_0741); // "AB", light grey on black
            a.Hang();
        });

        TextScreen screen = await machine.Screen.ExpectAsync("AB", Enough);

        screen.Lines[0].Should().Be("AB");
        machine.InstructionsRetired.Should().BeLessThan(1_000_000);
    }

    [Fact]
    public async Task Screen_TextNeverComes_Throws()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Stop());

        await machine.Invoking(m => m.Screen.ExpectAsync("never", Enough)).Should().ThrowAsync<GuestExpectationException>().WithMessage("Expected \"never\" on the screen*halted*");
    }

    [Fact]
    public async Task Machines_Hundreds_RunInOneProcess()
    {
        GuestMachine[] machines = [.. Enumerable.Range(0, 300).Select(i => TestGuests.Make(a =>
        {
            a.Print($"{i}");
            a.Exit((byte)(i & 0x7F));
        }))];

        Verdict[] verdicts = await Task.WhenAll(machines.Select(m => m.RunToVerdictAsync(Enough)));

        verdicts.Select(v => v is Verdict.Failed f ? f.Code : -1).Where(code => code >= 0).Should().HaveCountGreaterThan(280);
        machines.Select(m => m.Serial.Transcript).Should().Equal(Enumerable.Range(0, 300).Select(i => $"{i}"));
        Array.ForEach(machines, m => m.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Seed_Same_GivesTheSameTraceOnBothEngines(ulong seed)
    {
        async Task<ulong> Hash(EngineKind engine)
        {
            using GuestMachine machine = TestGuests.Make(
                a =>
                {
                    Label loop = a.CreateLabel();
                    a.mov(ecx, 20_000);
                    a.Label(ref loop);
                    a.@in(al, 0x40);
                    a.@out(0x80, al);
                    a.dec(ecx);
                    a.jnz(loop);
                    a.Exit(0);
                },
                change: b => b.WithSeed(seed).WithEngine(engine));
            machine.Trace.Record();
            (await machine.RunToVerdictAsync(Enough)).EnsurePassed();
            return machine.Trace.Hash;
        }

        ulong first = await Hash(EngineKind.Interpreter);

        first.Should().NotBe(0);
        for (int run = 0; run < 5; run++)
        {
            (await Hash(EngineKind.Interpreter)).Should().Be(first);
            (await Hash(EngineKind.Translator)).Should().Be(first);
        }
    }

    [Fact]
    public void Build_ImageThatCannotBoot_SaysWhy()
    {
        Action build = () => GuestMachine.Create().WithMemory(1 << 20).WithBytes(new byte[4 << 20], StartMode.Protected32).Build();

        build.Should().Throw<ImageException>();
    }

    [Fact]
    public void WithImage_MissingFile_NamesIt()
    {
        Action read = () => GuestMachine.Create().WithImage("/no/such/kernel.elf");

        read.Should().Throw<ImageException>().WithMessage("/no/such/kernel.elf does not exist*");
    }
}
