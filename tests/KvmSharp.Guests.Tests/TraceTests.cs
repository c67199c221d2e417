using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>The same guest gives the same trace: every time, and with both engines.</summary>
public class TraceTests
{
    private const int Runs = 100;

    [Theory]
    [MemberData(nameof(GuestList.Names), MemberType = typeof(GuestList))]
    public void Trace_BothEngines_HasTheSameHash(string name)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        (ulong hash, ulong events, ulong instructions) = HashOf(guest, EngineKind.Interpreter);

        events.Should().BeGreaterThan(0);
        HashOf(guest, EngineKind.Translator).Should().Be((hash, events, instructions));
        HashOf(guest, EngineKind.Auto).Should().Be((hash, events, instructions));
    }

    [Theory]
    [InlineData("ticks")]
    [InlineData("paging")]
    [InlineData("processors")]
    public void Trace_HundredRuns_HasOneHash(string name)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        Enumerable.Range(0, Runs).Select(i => HashOf(guest, i % 2 == 0 ? EngineKind.Translator : EngineKind.Interpreter).Hash).Distinct().Should().ContainSingle();
    }

    [Theory]
    [InlineData("faults", EngineKind.Interpreter)]
    [InlineData("faults", EngineKind.Translator)]
    [InlineData("smc", EngineKind.Translator)]
    public void Trace_Instructions_ChangesNothingElse(string name, EngineKind engine)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        ulong alone = HashOf(guest, engine).Instructions;

        HashOf(guest, engine, TraceKinds.Events | TraceKinds.Instructions).Instructions.Should().Be(alone);
    }

    [Fact]
    public void Trace_ProcessorsWithThreadsOfTheirOwn_IsOneSequence()
    {
        Guest guest = GuestList.All.Single(g => g.Name == "processors");
        var seen = new List<ulong>();
        using var machine = new PcMachine(guest.Options() with { Serial = new SerialBuffer(), Deterministic = false });
        using IDisposable listening = machine.Trace.Subscribe(TraceKinds.Events, (in TraceEvent traced, ReadOnlySpan<byte> _) => seen.Add(traced.Sequence));
        machine.Trace.Record();
        machine.Run(new MachineRunOptions());

        seen.Should().Equal(Enumerable.Range(0, seen.Count).Select(i => (ulong)i));
        machine.Trace.Select(traced => traced.VcpuId).Distinct().Should().HaveCount(4);
    }

    private static (ulong Hash, ulong Events, ulong Instructions) HashOf(Guest guest, EngineKind engine, TraceKinds kinds = TraceKinds.Events)
    {
        var serial = new SerialBuffer(guest.Input is null ? default : File.ReadAllBytes(GuestList.PathOf(guest.Input)));
        using var machine = new PcMachine(guest.Options() with { Serial = serial, Deterministic = true, Engine = engine });
        machine.Trace.Record(kinds, capacity: 1);
        machine.Run(new MachineRunOptions { MaxInstructions = guest.InstructionLimit });
        return (machine.Trace.Hash, machine.Trace.Dropped + (ulong)machine.Trace.Count, machine.InstructionsRetired);
    }
}
