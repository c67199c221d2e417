using System.Diagnostics;
using System.Globalization;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

/// <summary>A real process, really killed.</summary>
public sealed class DiskKillTests : IDisposable
{
    private const int Sectors = 64 << 10;

    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(150)]
    public void Kill_AfterSomeFlushes_LosesNothingThatWasFlushed(int flushes)
    {
        string path = _folder.PathOf("disk.qcow2");
        Qcow2Image.Create(path, Sectors * (long)IDisk.SectorBytes);
        int last = KillAfter(path, flushes);
        last.Should().BeGreaterThanOrEqualTo(flushes);
        Qcow2Check.Run(File.ReadAllBytes(path)).Errors.Should().BeEmpty();
        if (QemuImg.MissingTool() is null)
        {
            QemuImg.Check(path, leaksAllowed: true);
        }

        var expected = new int[Sectors];
        for (int write = 1; write <= last; write++)
        {
            Array.Fill(expected, write, (int)DiskWriterProgram.SectorOf(write, Sectors), DiskWriterProgram.SectorsPerWrite);
        }

        using DiskImage disk = DiskFactory.Open(new DiskSpec(path));
        var sector = new byte[IDisk.SectorBytes];
        for (int i = 0; i < Sectors; i++)
        {
            disk.Read(i, sector).Should().Be(DiskResult.Done);
            int found = BitConverter.ToInt32(sector, 508);
            (found == expected[i] || found > last).Should().BeTrue($"sector {i} holds write {expected[i]} or a later one that was not flushed, not {found}");
        }
    }

    // What it had said before its end counts, also what we read after the kill.
    private static int KillAfter(string path, int flushes)
    {
        var info = new ProcessStartInfo("dotnet", ["exec", typeof(DiskWriterProgram).Assembly.Location, path]) { RedirectStandardOutput = true };
        using Process process = Process.Start(info)!;
        int last = 0;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int flushed) && flushed == last + 1)
            {
                last = flushed; // a line that the kill cut short is no number in turn
            }

            if (last == flushes)
            {
                process.Kill();
            }
        }

        process.WaitForExit();
        return last;
    }
}
