using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KvmSharp.Guests.Tests.Systems;
using KvmSharp.Machines;
using Xunit.Abstractions;

namespace KvmSharp.Guests.Tests.Snapshots;

/// <summary>A Linux of 64 MiB that was booted once serves many: saved, restored and forked while its shell waits for a line.</summary>
public sealed class LinuxSnapshotTests(ITestOutputHelper output)
{
    private const ulong Slice = 100_000_000;
    private const ulong MostToPrompt = 10_000_000_000;
    private const int Forks = 40;
    private const int Tries = 5; // the best one counts: other programs share the host

    [LinuxFact("i386")]
    public void Copies_OfABootedLinux_AreQuickAndSmallAndGoOnAlike()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("linux.snap");
        var console = new SerialBuffer();
        using PcMachine booted = Boot(console);
        do
        {
            booted.Run(new MachineRunOptions { MaxInstructions = Slice });
        }
        while (booted.InstructionsRetired < MostToPrompt && !TextOf(console).EndsWith("ready\r\n", StringComparison.Ordinal));
        TextOf(console).Should().EndWith("ready\r\n");

        Best("save", 1000, () => booted.Save(file));
        Best("restore", 300, () => PcMachine.Restore(file).Dispose());
        Best("fork", 20, () => booted.Fork().Dispose());
        if (OperatingSystem.IsLinux())
        {
            long before = Resident();
            List<PcMachine> forks = [.. Enumerable.Range(0, Forks).Select(_ => booted.Fork())];
            forks.ForEach(static fork => fork.Run(new MachineRunOptions { MaxInstructions = 100_000 }));
            long each = (Resident() - before) / Forks;
            forks.ForEach(static fork => fork.Dispose());
            output.WriteLine($"{each >> 10} KiB each");
            each.Should().BeLessThan(3 << 20);
        }

        string forked = Answer(host => booted.Fork(host), "hello");
        Answer(host => booted.Fork(host), "hello").Should().Be(forked);
        Answer(host => PcMachine.Restore(file, host), "hello").Should().Be(forked);
        Answer(host => booted.Fork(host), "other").Should().NotBe(forked);
    }

    [LinuxFact("i386")]
    public void Restore_InTheMiddleOfTheBoot_RunsOnAlike()
    {
        using PcMachine machine = Boot(null);
        ulong split = 200_000_000 + (ulong)Random.Shared.NextInt64(400_000_000);
        machine.Run(new MachineRunOptions { MaxInstructions = split });
        using PcMachine fork = machine.Fork();
        using var snapshot = new MemoryStream();
        machine.Save(snapshot);
        snapshot.Position = 0;
        using PcMachine restored = PcMachine.Restore(snapshot);
        PcMachine[] all = [machine, fork, restored];
        Array.ForEach(all, static m => m.Run(new MachineRunOptions { MaxInstructions = 2 * Slice }));

        using PcMachine straight = Boot(null);
        straight.Run(new MachineRunOptions { MaxInstructions = split + (2 * Slice) });
        all.Select(Hash).Should().AllBe(Hash(straight), "saved at {0}", split);
    }

    private static string Answer(Func<MachineHost, PcMachine> copy, string line)
    {
        var console = new SerialBuffer(Encoding.ASCII.GetBytes($"{line}\n"));
        using PcMachine machine = copy(new MachineHost { Serial = console });
        machine.Run(new MachineRunOptions { MaxInstructions = MostToPrompt }).Reason.Should().Be(MachineStopReason.PowerOff);
        TextOf(console).Should().Contain($"got {line}\r\n");
        return Hash(machine);
    }

    private static PcMachine Boot(SerialBuffer? console) => new(
        new LinuxGuest("i386") { Script = "echo ready; read line; echo \"got $line\"" }.Options(64UL << 20) with { Deterministic = true, Serial = console });

    private static string TextOf(SerialBuffer console) => Encoding.Latin1.GetString(console.Output());

    private static string Hash(PcMachine machine)
    {
        using var snapshot = new MemoryStream();
        machine.Save(snapshot);
        return Convert.ToHexString(SHA256.HashData(snapshot.GetBuffer().AsSpan(0, (int)snapshot.Length)));
    }

    private void Best(string what, double limit, Action action)
    {
        double best = double.MaxValue;
        for (int i = 0; i < Tries && best >= limit; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {best:F1} ms"));
        if (LongTests.WhySkipped is null) // on a host that is busy with other things the clock says nothing
        {
            best.Should().BeLessThan(limit, "{0} takes so many milliseconds at most", what);
        }
    }

    private static long Resident() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly string _root = Directory.CreateTempSubdirectory("kvmsharp-").FullName;

        public string File(string name) => Path.Combine(_root, name);

        public void Dispose() => Directory.Delete(_root, recursive: true);
    }
}
