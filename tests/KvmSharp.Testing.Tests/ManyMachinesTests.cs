using KvmSharp.Machines;

namespace KvmSharp.Testing.Tests;

/// <summary>Tests that are so short that making the machine is most of them, one after the other in one process.</summary>
public sealed class ManyMachinesTests
{
    private const int Machines = 1000;
    private const int Rounds = 25;

    private static readonly byte[] ExitWithZero = [0xB0, 0x00, 0xE6, 0xF4, 0xF4]; // mov al, 0; out 0xF4, al; hlt

    private static readonly byte[] FillAndExit =
    [
        0xBF, 0x00, 0x00, 0x0B, 0x00, // mov edi, 0xB0000
        0xB9, 0x00, 0x00, 0x01, 0x00, // mov ecx, 0x10000
        0xB0, 0x41, 0xF3, 0xAA,       // mov al, 'A'; rep stosb: the screen, and memory below 1 MiB
        0xBF, 0x00, 0x00, 0x0D, 0x00, // mov edi, 0xD0000
        0xB9, 0x00, 0x00, 0x01, 0x00, // mov ecx, 0x10000
        0xF3, 0xAA,                   // rep stosb
        0xB0, 0x00, 0xE6, 0xF4, 0xF4, // mov al, 0; out 0xF4, al; hlt
    ];

    [Fact]
    public async Task ThousandMachines_OfOneBuilder_AllPass()
    {
        GuestMachineBuilder builder = GuestMachine.Create().WithBytes(ExitWithZero, StartMode.Protected32);
        for (int i = 0; i < Machines; i++)
        {
            using GuestMachine machine = builder.Build();
            (await machine.RunToVerdictAsync(Budget.OfInstructions(1000))).EnsurePassed();
        }
    }

    [Fact]
    public async Task NewMachine_BehindOneThatWroteAllOver_IsAsTheFirstWas()
    {
        GuestMachineBuilder builder = GuestMachine.Create().WithBytes(FillAndExit, StartMode.Protected32);
        byte[] first = [];
        for (int round = 0; round < Rounds; round++)
        {
            using GuestMachine machine = builder.Build();
            byte[] below = ReadBelow(machine);
            machine.Screen.Text.Should().BeEmpty();
            first = round == 0 ? below : first;
            below.AsSpan().SequenceEqual(first).Should().BeTrue();

            (await machine.RunToVerdictAsync()).EnsurePassed();

            machine.Screen.Text.Should().Contain("AAAA");
            ReadBelow(machine).AsSpan((int)(0xD_0000 - PcLayout.ShadowMemory), 0x1_0000).ContainsAnyExcept((byte)'A').Should().BeFalse();
        }
    }

    [Fact]
    public async Task Machines_OnSeveralThreads_AllPass()
    {
        GuestMachineBuilder builder = GuestMachine.Create().WithBytes(FillAndExit, StartMode.Protected32);

        Verdict[] verdicts = await Task.WhenAll(Enumerable.Range(0, Rounds).Select(_ => Task.Run(async () =>
        {
            using GuestMachine machine = builder.Build();
            return await machine.RunToVerdictAsync();
        })));

        verdicts.Should().AllBeOfType<Verdict.Passed>();
    }

    // Below 1 MiB, where the board keeps ROM and RAM one behind the other.
    private static byte[] ReadBelow(GuestMachine machine)
    {
        byte[] below = new byte[PcLayout.ExtendedMemory - PcLayout.ShadowMemory];
        machine.Memory.TryRead(PcLayout.ShadowMemory, below).Should().BeTrue();
        return below;
    }
}
