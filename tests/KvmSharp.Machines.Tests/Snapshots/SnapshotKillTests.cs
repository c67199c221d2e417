using System.Diagnostics;

namespace KvmSharp.Machines.Tests;

/// <summary>A real process, really killed while it writes one snapshot over another.</summary>
public sealed class SnapshotKillTests : IDisposable
{
    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 3)]
    [InlineData(3, 7)]
    [InlineData(5, 12)]
    public void Kill_WhileSaving_LeavesAWholeSnapshot(int saves, int milliseconds)
    {
        string path = _folder.PathOf("machine.snap");
        int done = KillAfter(path, saves, milliseconds);

        using PcMachine restored = PcMachine.Restore(path);
        int rounds = CountingGuest.Count(restored);
        CountingGuest.Run(restored, SnapshotWriterProgram.InstructionsPerSave);
        CountingGuest.Count(restored).Should().BeGreaterThan(rounds);
        ulong saved = (restored.InstructionsRetired / SnapshotWriterProgram.InstructionsPerSave) - 1;
        saved.Should().BeInRange((ulong)done, (ulong)done + 1, "it is the last one that was complete, or the one behind it");
    }

    [Fact]
    public void Save_ToAFolderThatIsNotThere_SaysSoAndLeavesNothing()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        Action save = () => machine.Save(_folder.PathOf("nowhere/machine.snap"));
        save.Should().Throw<SnapshotException>().WithMessage("*cannot be written*");
    }

    private static int KillAfter(string path, int saves, int milliseconds)
    {
        var info = new ProcessStartInfo("dotnet", ["exec", typeof(SnapshotWriterProgram).Assembly.Location, SnapshotWriterProgram.Verb, path]) { RedirectStandardOutput = true };
        using Process process = Process.Start(info)!;
        int done = 0;
        while (process.StandardOutput.ReadLine() is not null)
        {
            done++;
            if (done == saves)
            {
                Thread.Sleep(milliseconds);
                process.Kill();
            }
        }

        process.WaitForExit();
        return done;
    }
}
