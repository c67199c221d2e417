namespace KvmSharp.Machines.Tests;

/// <summary>The process is killed after each write to the host file, and inside it: the image has no errors and all writes that had returned.</summary>
public class Qcow2CrashTests
{
    private const int PageBytes = 4096; // a kill can cut a write of the host in two, at pages of its cache

    [Theory]
    [InlineData(9, 4, false)]
    [InlineData(12, 4, false)]
    [InlineData(12, 0, false)]
    [InlineData(16, 4, false)]
    [InlineData(9, 4, true)]
    [InlineData(12, 4, true)]
    public void Kill_AfterAnyHostWrite_LeavesAnImageWithoutErrors(int clusterBits, int refcountOrder, bool snapshot)
    {
        int size = snapshot ? 40_960 : 400 << 10;
        byte[] start = Qcow2Bytes.Create(size, clusterBits, refcountOrder);
        var model = new byte[size];
        if (snapshot)
        {
            var filled = new MemoryFile(start);
            var work = new DiskWorkload(Qcow2DiskTests.Open(filled), model, seed: 1);
            for (int i = 0; i < 10; i++)
            {
                work.Write(mostSectors: 8);
            }

            start = Qcow2Bytes.WithSnapshot(filled.ToArray());
        }

        KillEverywhere(start, model, writes: 40, mostSectors: 20);
    }

    [Fact]
    public void Kill_WhileTheRefcountTableGrows_LeavesAnImageWithoutErrors()
    {
        const int Size = 3 << 20;
        var filled = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits: 9, refcountOrder: 6));
        using Qcow2Disk disk = Qcow2DiskTests.Open(filled);
        var model = new byte[Size];
        disk.Write(0, model.AsSpan(0, 3930 * 512)); // so that the table of 2 MiB is nearly full
        int before = (int)Qcow2Bytes.U32(filled.ToArray(), 56);
        byte[] end = KillEverywhere(filled.ToArray(), model, writes: 10, mostSectors: 32);
        Qcow2Bytes.U32(end, 56).Should().BeGreaterThan((uint)before);
    }

    [QemuImgTheory]
    [InlineData("64k")]
    [InlineData("4k")]
    [InlineData("512")]
    public void Kill_OfAnImageThatQemuCompressedAndSnapshotted_LeavesNoErrorsToQemu(string cluster)
    {
        using var folder = new DiskFolder();
        byte[] model = [.. Enumerable.Range(0, 600 << 10).Select(i => (byte)(i >> 9))];
        File.WriteAllBytes(folder.PathOf("disk.raw"), model);
        string path = folder.PathOf("disk.qcow2");
        QemuImg.Run("qemu-img", "convert", "-c", "-O", "qcow2", "-o", "cluster_size=" + cluster, folder.PathOf("disk.raw"), path);
        QemuImg.Run("qemu-img", "snapshot", "-c", "s", path);
        QemuImg.Io(path, "write -z 0 100k", "write -P 3 200k 70k");
        model.AsSpan(0, 100 << 10).Clear();
        model.AsSpan(200 << 10, 70 << 10).Fill(3);
        KillEverywhere(File.ReadAllBytes(path), model, writes: 12, mostSectors: 300, (image, write) =>
        {
            if (write % 16 == 0)
            {
                File.WriteAllBytes(path, image);
                QemuImg.Check(path, leaksAllowed: true);
            }
        });
    }

    // Runs once and remembers each host write; then replays them one by one, with a check after each.
    private static byte[] KillEverywhere(byte[] start, byte[] model, int writes, int mostSectors, Action<byte[], int>? judge = null)
    {
        var file = new MemoryFile([.. start]);
        var work = new DiskWorkload(Qcow2DiskTests.Open(file), model, seed: 2);
        var done = new List<(int HostWrites, byte[] Model)> { (0, [.. model]) };
        for (int i = 0; i < writes; i++)
        {
            work.Write(mostSectors);
            done.Add((file.Writes.Count, [.. model]));
        }

        var replay = new MemoryFile([.. start]);
        int guestWrite = 0;
        for (int k = 0; k < file.Writes.Count; k++)
        {
            (long offset, byte[] bytes) = file.Writes[k];
            int firstPage = PageBytes - (int)(offset % PageBytes);
            if (bytes.Length > firstPage)
            {
                replay.Write(offset, bytes.AsSpan(0, firstPage));
                Check(replay.ToArray(), done[guestWrite].Model, done[guestWrite + 1].Model, k);
            }

            replay.Write(offset, bytes);
            Check(replay.ToArray(), done[guestWrite].Model, done[guestWrite + 1].Model, k);
            judge?.Invoke(replay.ToArray(), k);
            while (guestWrite + 1 < done.Count && done[guestWrite + 1].HostWrites <= k + 1)
            {
                guestWrite++;
            }
        }

        replay.ToArray().AsSpan().SequenceEqual(file.ToArray()).Should().BeTrue();
        return file.ToArray();
    }

    // Each sector is as it was before the guest's write that was under way, or as it is after it.
    private static void Check(byte[] image, byte[] before, byte[] after, int write)
    {
        Qcow2Check.Run(image).Errors.Should().BeEmpty($"the kill came after host write {write}");
        var disk = new byte[before.Length];
        Qcow2DiskTests.Open(new MemoryFile(image) { IsReadOnly = true }).Read(0, disk);
        for (int at = 0; at < disk.Length; at += 512)
        {
            ReadOnlySpan<byte> sector = disk.AsSpan(at, 512);
            bool right = sector.SequenceEqual(before.AsSpan(at, 512)) || sector.SequenceEqual(after.AsSpan(at, 512));
            right.Should().BeTrue($"sector {at / 512} keeps what was written, whatever host write {write} did");
        }
    }
}
