namespace KvmSharp.Machines.Tests;

public class ForkTests
{
    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Fork_Siblings_DoNotSeeEachOther(EngineKind engine)
    {
        var serial = new SerialBuffer();
        using var parent = new PcMachine(CountingGuest.Options() with { Engine = engine, Serial = serial });
        CountingGuest.Run(parent, 50_000);
        byte[] atFork = CountingGuest.Save(parent);
        int said = serial.Output().Length;

        PcMachine[] forks = [parent.Fork(), parent.Fork(), parent.Fork()];
        forks.Should().OnlyContain(f => CountingGuest.Save(f).SequenceEqual(atFork));

        CountingGuest.Run(forks[0], 30_000);
        CountingGuest.Save(parent).Should().Equal(atFork);
        CountingGuest.Save(forks[1]).Should().Equal(atFork);
        CountingGuest.Run(parent, 20_000);
        CountingGuest.Save(forks[1]).Should().Equal(atFork);
        serial.Output().Length.Should().BeGreaterThan(said);

        CountingGuest.Run(forks[1], 30_000);
        CountingGuest.Save(forks[1]).Should().Equal(CountingGuest.Save(forks[0]));
        CountingGuest.Run(forks[2], 20_000);
        CountingGuest.Save(forks[2]).Should().Equal(CountingGuest.Save(parent));
        Array.ForEach(forks, static f => f.Dispose());
    }

    [Fact]
    public void Fork_ByTurnsWithRunning_KeepsEveryGeneration()
    {
        using var parent = new PcMachine(CountingGuest.Options());
        var generations = new List<(PcMachine Fork, byte[] Snapshot)>();
        for (int i = 0; i < 40; i++) // more than pages are kept apart for
        {
            CountingGuest.Run(parent, 1000);
            generations.Add((parent.Fork(), CountingGuest.Save(parent)));
        }

        generations.Should().OnlyContain(static g => CountingGuest.Save(g.Fork).SequenceEqual(g.Snapshot));
        generations.ForEach(static g => g.Fork.Dispose());
    }

    [Fact]
    public void Fork_OfAForkOfADisposedMachine_GoesOn()
    {
        PcMachine machine = new(CountingGuest.Options());
        for (int i = 0; i < 5; i++)
        {
            CountingGuest.Run(machine, 10_000);
            PcMachine fork = machine.Fork();
            machine.Dispose();
            machine = fork;
        }

        using PcMachine last = machine;
        using var straight = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(straight, 50_000);
        CountingGuest.Save(last).Should().Equal(CountingGuest.Save(straight));
    }

    [Fact]
    public void Fork_HostWritesToSharedMemory_StayOnTheirSide()
    {
        using var parent = new PcMachine(CountingGuest.Options());
        using PcMachine fork = parent.Fork();
        fork.Memory.TryWrite(0x9000, [1, 2, 3]).Should().BeTrue();
        parent.Memory.TryWrite(0x9000, [4, 5, 6]).Should().BeTrue();
        byte[] bytes = new byte[3];
        fork.Memory.TryRead(0x9000, bytes);
        bytes.Should().Equal(1, 2, 3);
    }

    [Fact]
    public void Fork_OfTwoParallelProcessors_RunsOn()
    {
        using var parent = new PcMachine(CountingGuest.Options() with { Cpus = 2, Deterministic = false });
        CountingGuest.Run(parent, 50_000);
        int before = CountingGuest.Count(parent);
        using PcMachine fork = parent.Fork();
        CountingGuest.Run(fork, 50_000);
        CountingGuest.Count(fork).Should().BeGreaterThan(before);
        CountingGuest.Count(parent).Should().Be(before);
    }

    [Fact]
    public void Fork_OnManyThreadsAtOnce_AllEndAlike()
    {
        using var parent = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(parent, 10_000);
        PcMachine[] forks = [.. Enumerable.Range(0, 16).Select(_ => parent.Fork())];
        Parallel.ForEach(forks, static f => CountingGuest.Run(f, 100_000));
        byte[] expected = CountingGuest.Save(forks[0]);
        forks.Should().OnlyContain(f => CountingGuest.Save(f).SequenceEqual(expected));
        Array.ForEach(forks, static f => f.Dispose());
    }
}
