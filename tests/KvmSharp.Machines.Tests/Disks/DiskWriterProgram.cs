using System.Globalization;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

/// <summary>What the kill test kills: writes a disk without end, and says after each flush how far it is.</summary>
internal static class DiskWriterProgram
{
    /// <summary>Write n fills the <see cref="SectorsPerWrite"/> sectors that <see cref="SectorOf"/> names with the number n.</summary>
    public const int SectorsPerWrite = 9;

    public static long SectorOf(int write, long sectors) => (write * 7919L * SectorsPerWrite) % (sectors - SectorsPerWrite);

    private static void Main(string[] arguments)
    {
        if (arguments[0] == SnapshotWriterProgram.Verb)
        {
            SnapshotWriterProgram.Run(arguments[1]);
        }

        using DiskImage disk = DiskFactory.Open(new DiskSpec(arguments[0]));
        var bytes = new byte[SectorsPerWrite * IDisk.SectorBytes];
        for (int write = 1; ; write++)
        {
            for (int at = 0; at < bytes.Length; at += sizeof(int))
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(at), write);
            }

            if (disk.Write(SectorOf(write, disk.SectorCount), bytes) != DiskResult.Done || disk.Flush() != DiskResult.Done)
            {
                throw new IOException("The disk failed.");
            }

            Console.Out.WriteLine(write.ToString(CultureInfo.InvariantCulture));
        }
    }
}
