using Iced.Intel;
using KvmSharp.Machines;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>A machine that was booted once serves many tests: by forks in one process, by a snapshot in others.</summary>
public sealed class ForkTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    // Prompts, sends what is typed, each letter one further, and ends with the number of lines that it has seen in all.
    private static GuestMachine MakeShell(Func<GuestMachineBuilder, GuestMachineBuilder>? change = null) => TestGuests.Make(
        a =>
        {
            Label next = a.CreateLabel();
            a.mov(__dword_ptr[0x9000], 0);
            a.Label(ref next);
            a.Print("$ ");
            a.Echo();
            a.inc(__dword_ptr[0x9000]);
            a.cmp(__dword_ptr[0x9000], 3);
            a.jne(next);
            a.Print("three");
            a.Exit(0);
        },
        change: change);

    [Fact]
    public async Task Fork_OfABootedMachine_GoesOnAlikeAndApart()
    {
        using GuestMachine booted = MakeShell();
        await booted.Serial.ExpectAsync("$ ", Enough);

        using GuestMachine first = booted.Fork();
        using GuestMachine second = booted.Fork();
        await first.Serial.SendLineAsync("AB");
        await first.Serial.ExpectAsync("BC$ ", Enough);
        await second.Serial.SendLineAsync("XY");
        await second.Serial.ExpectAsync("YZ$ ", Enough);

        first.Serial.Transcript.Should().Be("$ BC$ ");
        second.Serial.Transcript.Should().Be("$ YZ$ ");
        booted.Serial.Transcript.Should().Be("$ ", "forks are apart");
    }

    [Fact]
    public async Task Fork_ManyFromOneBoot_EachPasses()
    {
        using GuestMachine booted = MakeShell();
        await booted.Serial.ExpectAsync("$ ", Enough);

        await Parallel.ForEachAsync(Enumerable.Range(0, 100), async (_, cancellation) =>
        {
            GuestMachine fork;
            lock (booted)
            {
                fork = booted.Fork();
            }

            using (fork)
            {
                for (int line = 0; line < 3; line++)
                {
                    await fork.Serial.SendLineAsync("A");
                    await fork.Serial.ExpectAsync("B", Enough, cancellation);
                }

                (await fork.RunToVerdictAsync(Enough, cancellation)).EnsurePassed();
            }
        });
    }

    [Fact]
    public async Task Fork_OfAForkAfterItsParentIsGone_Lives()
    {
        GuestMachine booted = MakeShell();
        await booted.Serial.ExpectAsync("$ ", Enough);
        GuestMachine middle = booted.Fork();
        booted.Dispose();
        using GuestMachine last = middle.Fork();
        middle.Dispose();

        await last.Serial.SendLineAsync("H");

        (await last.Serial.ExpectAsync("I", Enough)).Text.Should().Be("I");
    }

    [Fact]
    public async Task Snapshot_Restored_GoesOnWhereItWas()
    {
        string file = Path.Combine(Path.GetTempPath(), $"kvmsharp-{Guid.NewGuid():N}.snap");
        try
        {
            ulong retired;
            using (GuestMachine booted = MakeShell())
            {
                await booted.Serial.ExpectAsync("$ ", Enough);
                await booted.SaveAsync(file);
                retired = booted.InstructionsRetired;
            }

            using GuestMachine restored = GuestMachine.Create().Restore(file);
            restored.InstructionsRetired.Should().Be(retired);
            await restored.Serial.SendLineAsync("HAL");
            (await restored.Serial.ExpectAsync("IBM", Enough)).Before.Should().BeEmpty();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Restore_DamagedFile_IsRefused()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, new byte[1000]);

            FluentActions.Invoking(() => GuestMachine.Create().Restore(file)).Should().Throw<SnapshotException>().WithMessage($"{file}:*");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Report_WithAMap_NamesTheSymbol()
    {
        string map = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(map, "00100000 T start\n00100100 T end\n");
            using GuestMachine machine = TestGuests.Make(a => a.Hang(), change: b => b.WithSymbols(map));

            Verdict verdict = await machine.RunToVerdictAsync(Budget.OfInstructions(10));

            verdict.Report!.Places.Should().ContainSingle().Which.Should().Contain(" start,");
        }
        finally
        {
            File.Delete(map);
        }
    }
}
