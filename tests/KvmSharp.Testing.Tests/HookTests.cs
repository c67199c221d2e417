using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>Hooks get typed arguments, change nothing, and can stop the guest.</summary>
public sealed class HookTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    [Fact]
    public async Task OnPort_AccessesInRange_AreTold()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.mov(al, 0x12);
            a.@out(0x80, al);
            a.mov(eax, 0x1234);
            a.@out(0xE9, al);
            a.Exit(0);
        });
        var seen = new List<PortAccess>();
        using IDisposable hook = machine.Hooks.OnPort(0x80, seen.Add);

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        seen.Should().ContainSingle().Which.Should().Match<PortAccess>(p => p.Port == 0x80 && p.Width == 1 && p.Value == 0x12 && p.Direction == ExitDirection.Write);
    }

    [Fact]
    public async Task OnMemory_LoadsAndStores_AreToldUntilTheHookGoes()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.mov(__dword_ptr[0x9000], 0x1122_3344);
            a.mov(eax, __dword_ptr[0x9002]);
            a.mov(__dword_ptr[0xA000], eax);
            a.Print("!");
            a.mov(__dword_ptr[0x9000], eax);
            a.Exit(0);
        });
        var seen = new List<MemoryAccess>();
        IDisposable hook = machine.Hooks.OnMemory(0x9000, 4, seen.Add);
        await machine.Serial.ExpectAsync("!", Enough);
        hook.Dispose();

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        seen.Select(m => (m.Direction, m.Address, m.Width)).Should().Equal((ExitDirection.Write, 0x9000UL, 4), (ExitDirection.Read, 0x9002UL, 4));
    }

    [Fact]
    public async Task OnInstruction_AtAnAddress_IsCalledBeforeIt()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.nop();
            a.nop();
            a.Exit(0);
        });
        var seen = new List<ulong>();
        using IDisposable hook = machine.Hooks.OnInstruction(0x10_0001, start => seen.Add(start.Position.Instructions));

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        seen.Should().Equal(1UL);
    }

    [Fact]
    public async Task OnInterrupt_Exception_IsToldWithItsVector()
    {
        using GuestMachine machine = TestGuests.Make(a => a.ud2());
        var seen = new List<(InterruptSource, byte)>();
        using IDisposable hook = machine.Hooks.OnInterrupt(taken => seen.Add((taken.Kind, taken.Vector)));

        await machine.RunToVerdictAsync(Enough);

        seen.Should().Contain((InterruptSource.Exception, (byte)6));
    }

    [Fact]
    public async Task OnExit_EachExit_IsTold()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("ab");
            a.Exit(0);
        });
        int exits = 0;
        using IDisposable hook = machine.Hooks.OnExit(vmExit => exits += vmExit.Reason == VmExitReason.Io ? 1 : 0);

        (await machine.RunToVerdictAsync(Enough)).EnsurePassed();

        exits.Should().Be(3);
    }

    [Fact]
    public async Task Hook_ThatStops_EndsTheRunBehindTheInstruction()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.mov(al, 1);
            a.@out(0x80, al);
            a.Hang();
        });
        using IDisposable hook = machine.Hooks.OnPort(0x80, _ => machine.Stop());

        (await machine.RunToVerdictAsync(Enough)).Should().BeOfType<Verdict.Stopped>();

        machine.InstructionsRetired.Should().Be(2);
    }

    [Fact]
    public async Task Hook_OnInstructionOrMemory_EndsTheRunBehindTheInstruction()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.nop();
            a.mov(__dword_ptr[0x9000], eax);
            a.nop();
            a.mov(eax, __dword_ptr[0x9000]);
            a.nop();
            a.nop();
            a.Hang();
        });
        using (machine.Hooks.OnInstruction(0x10_0001, _ => machine.Stop()))
        {
            await machine.RunToVerdictAsync(Enough);
            machine.InstructionsRetired.Should().Be(2);
        }

        using (machine.Hooks.OnMemory(0x9000, 4, _ => machine.Stop()))
        {
            await machine.RunToVerdictAsync(Enough);
            machine.InstructionsRetired.Should().Be(4);
        }
    }

    [Fact]
    public async Task Hook_ThatThrows_ItsExceptionComesOutOfTheTask()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.@out(0x80, al);
            a.Hang();
        });
        using IDisposable hook = machine.Hooks.OnPort(0x80, _ => throw new TimeZoneNotFoundException("mine"));

        await machine.Invoking(m => m.RunToVerdictAsync(Enough)).Should().ThrowAsync<TimeZoneNotFoundException>();
    }
}
