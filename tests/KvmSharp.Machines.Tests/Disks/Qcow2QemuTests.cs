namespace KvmSharp.Machines.Tests;

/// <summary>Images that QEMU makes, changed by us and judged by QEMU again.</summary>
public sealed class Qcow2QemuTests : IDisposable
{
    private const int Size = 6 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsharp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [QemuImgTheory]
    [InlineData("compat=1.1,cluster_size=64k")]
    [InlineData("compat=0.10,cluster_size=64k")]
    [InlineData("compat=0.10,cluster_size=512")]
    [InlineData("compat=1.1,cluster_size=512,refcount_bits=64")]
    [InlineData("compat=1.1,cluster_size=4k,refcount_bits=1")]
    [InlineData("compat=1.1,cluster_size=2M,lazy_refcounts=on")]
    [InlineData("compat=1.1,preallocation=metadata")]
    [InlineData("compat=1.1,preallocation=falloc,cluster_size=4k")]
    public void Image_CreatedByQemu_IsWrittenWell(string options)
    {
        string path = NewFile("disk.qcow2");
        QemuImg.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, path, QemuImg.Text(Size));
        var model = new byte[Size];
        WriteAndCompare(path, model, seed: options.Length);
    }

    [QemuImgTheory]
    [InlineData("64k", "raw")]
    [InlineData("4k", "qcow2")]
    [InlineData("512", "qcow2")]
    public void Image_WithBackingFile_IsWrittenWell(string cluster, string format)
    {
        byte[] below = RandomBytes(Size / 2);
        string raw = NewFile("below.raw");
        File.WriteAllBytes(raw, below);
        QemuImg.Run("qemu-img", "convert", "-O", format, raw, NewFile("below.img"));
        string path = NewFile("disk.qcow2");
        QemuImg.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=" + cluster, "-b", "below.img", "-F", format, path, QemuImg.Text(Size));
        QemuImg.Io(path, "write -z 128k 300k", "write -P 0x55 1M 70k");
        byte[] model = [.. below, .. new byte[Size - below.Length]];
        model.AsSpan(128 << 10, 300 << 10).Clear();
        model.AsSpan(1 << 20, 70 << 10).Fill(0x55);
        WriteAndCompare(path, model, seed: 1);
    }

    [QemuImgTheory]
    [InlineData("64k")]
    [InlineData("4k")]
    [InlineData("512")]
    [InlineData("2M")]
    public void Image_Compressed_IsReadAndWrittenOver(string cluster)
    {
        byte[] model = RandomBytes(Size);
        for (int i = 0; i < model.Length; i++)
        {
            model[i] &= (byte)(i >> 14 & 1) == 0 ? (byte)0x07 : (byte)0xFF; // some of it can be compressed
        }

        string raw = NewFile("disk.raw");
        File.WriteAllBytes(raw, model);
        string path = NewFile("disk.qcow2");
        QemuImg.Run("qemu-img", "convert", "-c", "-O", "qcow2", "-o", "cluster_size=" + cluster, raw, path);
        WriteAndCompare(path, model, seed: 2);
    }

    [QemuImgTheory]
    [InlineData("compat=1.1,cluster_size=64k")]
    [InlineData("compat=0.10,cluster_size=4k")]
    public void Image_WithSnapshots_KeepsThem(string options)
    {
        string path = NewFile("disk.qcow2");
        QemuImg.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, path, QemuImg.Text(Size));
        var model = new byte[Size];
        var snapshots = new List<byte[]>();
        for (int i = 0; i < 3; i++)
        {
            WriteAndCompare(path, model, seed: i);
            QemuImg.Run("qemu-img", "snapshot", "-c", "s" + QemuImg.Text(i), path);
            snapshots.Add([.. model]);
        }

        WriteAndCompare(path, model, seed: 9);
        for (int i = 0; i < 3; i++)
        {
            QemuImg.Content(path, "s" + QemuImg.Text(i)).AsSpan().SequenceEqual(snapshots[i]).Should().BeTrue("a snapshot is never changed");
        }

        QemuImg.Run("qemu-img", "snapshot", "-a", "s1", path);
        WriteAndCompare(path, snapshots[1], seed: 10);
        QemuImg.Run("qemu-img", "snapshot", "-d", "s0", path);
        WriteAndCompare(path, snapshots[1], seed: 11);
    }

    [QemuImgTheory]
    [InlineData("write -P 1 0 1M", "write -z 100k 200k", "discard 512k 128k")]
    [InlineData("write -z 0 3M", "write -z -u 1M 1M", "write -P 7 2M 5k")]
    public void Image_WithZeroClusters_IsWrittenWell(params string[] commands)
    {
        string path = NewFile("disk.qcow2");
        QemuImg.Run("qemu-img", "create", "-q", "-f", "qcow2", path, QemuImg.Text(Size));
        QemuImg.Io(path, commands);
        WriteAndCompare(path, QemuImg.Content(path), seed: 3);
    }

    [QemuImgTheory]
    [InlineData(512)]
    [InlineData(Size)]
    [InlineData(1L << 40)]
    [InlineData(1L << 50)]
    public void Create_AnySize_IsAnImageToQemu(long size)
    {
        string path = NewFile("disk.qcow2");
        Qcow2Image.Create(path, size);
        QemuImg.Check(path);
        using DiskImage disk = DiskFactory.Open(new DiskSpec(path));
        disk.SectorCount.Should().Be(size / 512);
        disk.Write(disk.SectorCount - 1, new byte[512]).Should().Be(Devices.DiskResult.Done);
        QemuImg.Check(path);
    }

    [QemuImgTheory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public void Overlay_MadeByUs_IsReadByQemu(string format)
    {
        byte[] model = RandomBytes(Size);
        string raw = NewFile("below.raw");
        File.WriteAllBytes(raw, model);
        string below = NewFile("below.img");
        QemuImg.Run("qemu-img", "convert", "-O", format, raw, below);
        byte[] untouched = File.ReadAllBytes(below);
        string overlay = NewFile("overlay.qcow2");
        var spec = new DiskSpec(below) { Writes = DiskWrites.ToOverlay, OverlayPath = overlay };
        for (int run = 0; run < 2; run++)
        {
            using DiskImage disk = DiskFactory.Open(spec);
            byte[] bytes = RandomBytes(100 * 512);
            disk.Write(70 + (run * 1000), bytes).Should().Be(Devices.DiskResult.Done);
            bytes.CopyTo(model, (70 + (run * 1000)) * 512);
        }

        QemuImg.Check(overlay);
        QemuImg.Content(overlay).AsSpan().SequenceEqual(model).Should().BeTrue();
        File.ReadAllBytes(below).AsSpan().SequenceEqual(untouched).Should().BeTrue("the image is never changed");
    }

    private string NewFile(string name) => Path.Combine(_folder, name);

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static void WriteAndCompare(string path, byte[] model, int seed)
    {
        using (IDiskLayer disk = ImageChain.Open(path, format: null, writable: true).Layer)
        {
            var work = new DiskWorkload(disk, model, seed);
            work.ReadAll();
            for (int i = 0; i < 60; i++)
            {
                work.Write(mostSectors: 200);
                work.Read(mostSectors: 400);
            }

            disk.Flush();
        }

        QemuImg.Check(path);
        QemuImg.Content(path).AsSpan().SequenceEqual(model).Should().BeTrue("QEMU reads what we wrote");
    }
}
