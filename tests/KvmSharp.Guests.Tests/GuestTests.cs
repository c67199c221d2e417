using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>Runs every guest in the list and compares what it says, byte for byte, and how it ends.</summary>
public class GuestTests
{
    // Only ends what hangs; what a guest does is decided by its instruction limit.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [MemberData(nameof(GuestList.Names), MemberType = typeof(GuestList))]
    public void Run_Deterministic_SaysAndEndsAsExpected(string name) => Check(name, deterministic: true);

    [Theory]
    [MemberData(nameof(GuestList.Names), MemberType = typeof(GuestList))]
    public void Run_RealTime_SaysAndEndsAsExpected(string name) => Check(name, deterministic: false);

    [Theory]
    [InlineData("ticks")]
    [InlineData("tasks")]
    [InlineData("echo")]
    [InlineData("processors")]
    public void Run_DeterministicTwice_TakesTheSameInstructions(string name)
    {
        Guest guest = Find(name);
        ulong[] counts = [.. Enumerable.Range(0, 2).Select(_ => Run(guest, deterministic: true).Instructions)];
        counts[0].Should().Be(counts[1]);
    }

    private static Guest Find(string name) => GuestList.All.Single(g => g.Name == name);

    private static void Check(string name, bool deterministic)
    {
        Guest guest = Find(name);
        (string output, int status, _) = Run(guest, deterministic);

        output.Should().Be(File.ReadAllText(GuestList.PathOf(guest.Expected), Encoding.Latin1));
        status.Should().Be(guest.ExitStatus);
    }

    private static (string Output, int Status, ulong Instructions) Run(Guest guest, bool deterministic)
    {
        var serial = new SerialBuffer(guest.Input is null ? default : File.ReadAllBytes(GuestList.PathOf(guest.Input)));
        using var machine = new PcMachine(guest.Options() with { Serial = serial, Deterministic = deterministic });
        using var patience = new CancellationTokenSource(Patience);

        // In real time a processor that waits for another one counts on as fast as it can.
        ulong limit = deterministic ? guest.InstructionLimit : ulong.MaxValue;
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = limit, Cancellation = patience.Token });
        return (Encoding.Latin1.GetString(serial.Output()), StatusOf(stop), machine.InstructionsRetired);
    }

    // As `kvmsharp` itself would end.
    private static int StatusOf(MachineStop stop) => stop.Reason switch
    {
        MachineStopReason.PowerOff or MachineStopReason.Halted => 0,
        MachineStopReason.DebugExit => stop.DebugExitStatus,
        MachineStopReason.TripleFault => 4,
        _ => throw new InvalidOperationException($"The guest stopped by {stop.Reason}."),
    };
}
