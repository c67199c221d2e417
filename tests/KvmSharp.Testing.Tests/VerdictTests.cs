using Iced.Intel;
using KvmSharp.Machines;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>Each way for a guest to end, and what is said of it.</summary>
public sealed class VerdictTests
{
    private static async Task<Verdict> VerdictOf(Action<Assembler> code, StartMode mode = StartMode.Protected32, Budget? budget = null)
    {
        using GuestMachine machine = TestGuests.Make(code, mode);
        return await machine.RunToVerdictAsync(budget ?? Budget.OfInstructions(1_000_000));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x10)]
    public async Task DebugExit_ValuesOfSuccess_Pass(byte code)
    {
        Verdict verdict = await VerdictOf(a => a.Exit(code));

        verdict.Should().BeOfType<Verdict.Passed>();
        verdict.Invoking(v => v.EnsurePassed()).Should().NotThrow();
    }

    [Fact]
    public async Task DebugExit_OtherValue_FailsWithIt()
    {
        Verdict verdict = await VerdictOf(a => a.Exit(0x11));

        verdict.Should().BeOfType<Verdict.Failed>().Which.Code.Should().Be(0x11);
        verdict.Invoking(v => v.EnsurePassed()).Should().Throw<GuestFailedException>().WithMessage("The guest failed with code 17 (0x11).*");
    }

    [Fact]
    public async Task DebugExit_ChosenPassValue_Passes()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Exit(42), change: b => b.WithPassValues(42));

        (await machine.RunToVerdictAsync()).IsPassed.Should().BeTrue();
    }

    [Fact]
    public async Task Halt_ForGood_IsHalted() => (await VerdictOf(a => a.Stop())).Should().BeOfType<Verdict.Halted>();

    [Fact]
    public async Task Loop_WithoutEnd_UsesTheBudgetUpToTheInstruction()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Hang());

        (await machine.RunToVerdictAsync(Budget.OfInstructions(12_345))).Should().BeOfType<Verdict.Budget>();

        machine.InstructionsRetired.Should().Be(12_345);
    }

    [Fact]
    public async Task Loop_WithABudgetOfTime_EndsAtThatTime()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Hang());

        (await machine.RunToVerdictAsync(Budget.OfVirtualTime(TimeSpan.FromMicroseconds(70)))).Should().BeOfType<Verdict.Budget>();

        machine.Now.Should().Be(TimeSpan.FromMicroseconds(70));
    }

    [Fact]
    public async Task Fault_WithoutHandlers_IsATripleFault() => (await VerdictOf(a => a.ud2())).Should().BeOfType<Verdict.TripleFault>();

    [Fact]
    public async Task Panic_OnTheConsole_EndsTheGuestWithItsText()
    {
        Verdict verdict = await VerdictOf(a =>
        {
            a.Print("[    1.0] Kernel panic - not syncing: No init found\n");
            a.Hang();
        });

        verdict.Should().BeOfType<Verdict.GuestPanic>().Which.Text.Should().Be("Kernel panic - not syncing: No init found");
    }

    [Fact]
    public async Task CodeWithoutMemory_IsUnsupportedAndSaysWhere()
    {
        Verdict verdict = await VerdictOf(a => a.jmp(0x7000_0000));

        verdict.Should().BeOfType<Verdict.Unsupported>().Which.What.Should().Contain("70000000");
    }

    [Fact]
    public async Task Verdict_AskedAgain_IsThatOfTheEnd()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Exit(3);
            a.Exit(4);
        });
        await machine.RunToVerdictAsync();

        (await machine.RunToVerdictAsync()).Should().BeOfType<Verdict.Failed>().Which.Code.Should().Be(3);
    }

    [Fact]
    public async Task Report_OfAFailure_SaysWhereTheGuestIsAndHowToReplayIt()
    {
        Verdict verdict = await VerdictOf(a =>
        {
            a.Print("about to stop\n");
            a.mov(eax, 7);
            a.cli();
            a.hlt();
        });

        string report = verdict.Report!.ToString();
        report.Should().Contain("vCPU 0: 0008:").And.Contain("32-bit protected mode").And.Contain("| about to stop").And.Contain("WithSeed(0)");
    }

    [Fact]
    public async Task Reset_WithoutReboot_IsAReset() => (await VerdictOf(a =>
    {
        a.mov(al, 0xFE); // pulses the keyboard controller's reset line
        a.@out(0x64, al);
        a.Hang();
    })).Should().BeOfType<Verdict.Reset>();
}
