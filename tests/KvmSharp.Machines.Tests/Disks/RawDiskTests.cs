using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public sealed class RawDiskTests : IDisposable
{
    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReadAndWrite_WholeSectors_AreTheFilesBytes()
    {
        string path = _folder.Raw("disk.img", 64 << 10);
        byte[] model = File.ReadAllBytes(path);
        using (DiskImage disk = Open(path))
        {
            disk.SectorCount.Should().Be(128);
            var bytes = new byte[3 * 512];
            disk.Read(5, bytes).Should().Be(DiskResult.Done);
            bytes.Should().Equal(model[(5 * 512)..(8 * 512)]);
            disk.Write(125, bytes).Should().Be(DiskResult.Done);
            bytes.CopyTo(model, 125 * 512);
            disk.Flush().Should().Be(DiskResult.Done);
        }

        File.ReadAllBytes(path).Should().Equal(model);
    }

    [Fact]
    public void LastSector_NotWholeInTheFile_ReadsZerosAndIsCompletedByAWrite()
    {
        string path = _folder.Raw("disk.img", 1000);
        byte[] model = File.ReadAllBytes(path);
        using (DiskImage disk = Open(path))
        {
            disk.SectorCount.Should().Be(2);
            var bytes = new byte[1024];
            Array.Fill(bytes, (byte)0xEE);
            disk.Read(0, bytes).Should().Be(DiskResult.Done);
            bytes.Should().Equal([.. model, .. new byte[24]]);
            disk.Write(0, bytes.AsSpan(0, 512)).Should().Be(DiskResult.Done);
            new FileInfo(path).Length.Should().Be(1000, "the last sector was not written");
            Array.Fill(bytes, (byte)0x77);
            disk.Write(1, bytes.AsSpan(0, 512)).Should().Be(DiskResult.Done);
            disk.Read(1, bytes.AsSpan(0, 512)).Should().Be(DiskResult.Done);
            bytes.Should().OnlyContain(b => b == 0x77);
        }

        new FileInfo(path).Length.Should().Be(1024);
    }

    [Theory]
    [InlineData(-1, 512)]
    [InlineData(128, 512)]
    [InlineData(127, 1024)]
    [InlineData(long.MaxValue, 512)]
    [InlineData(long.MinValue, 512)]
    [InlineData(0, 100)]
    public void ReadAndWrite_OutsideTheDisk_AreRefused(long sector, int bytes)
    {
        using DiskImage disk = Open(_folder.Raw("disk.img", 64 << 10));
        disk.Read(sector, new byte[bytes]).Should().Be(DiskResult.OutOfRange);
        disk.Write(sector, new byte[bytes]).Should().Be(DiskResult.OutOfRange);
    }

    [Fact]
    public void Write_ReadOnlyDisk_IsRefused()
    {
        using DiskImage disk = DiskFactory.Open(new DiskSpec(_folder.Raw("disk.img", 512)) { Writes = DiskWrites.Refused });
        disk.IsReadOnly.Should().BeTrue();
        disk.Write(0, new byte[512]).Should().Be(DiskResult.ReadOnly);
        disk.Flush().Should().Be(DiskResult.Done);
    }

    [Fact]
    public void ReadAndWrite_FarOut_WorkInASparseFile()
    {
        string path = _folder.PathOf("huge.img");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(3L << 40);
        }

        using DiskImage disk = Open(path);
        byte[] bytes = [.. Enumerable.Range(0, 512).Select(i => (byte)i)];
        disk.Write((3L << 31) - 1, bytes).Should().Be(DiskResult.Done);
        var read = new byte[512];
        disk.Read((3L << 31) - 1, read).Should().Be(DiskResult.Done);
        read.Should().Equal(bytes);
    }

    [Fact]
    public void ReadAndWrite_FileCutShortWhileRunning_FailAndAreReportedOnce()
    {
        var file = new MemoryFile(new byte[64 << 10]);
        var reports = new List<string>();
        using var disk = new DiskImage(new RawDisk(file, formatWasFound: false), new DiskSpec("disk.img"), DiskFormat.Raw, reports.Add);
        file.Truncate(32 << 10);
        for (int i = 0; i < 3; i++)
        {
            disk.Read(100, new byte[512]).Should().Be(DiskResult.HostError);
            disk.Write(100, new byte[512]).Should().Be(DiskResult.HostError);
        }

        disk.Read(0, new byte[512]).Should().Be(DiskResult.Done);
        reports.Should().ContainSingle().Which.Should().Contain("disk.img").And.Contain("shorter");
    }

    [Fact]
    public void Write_HostIsFull_SaysNoSpace()
    {
        var file = new MemoryFile(new byte[700]);
        using var disk = new DiskImage(new RawDisk(file, formatWasFound: false), new DiskSpec("disk.img"), DiskFormat.Raw, report: null);
        file.Limit = 1000;
        disk.Write(1, new byte[512]).Should().Be(DiskResult.NoSpace);
        file.Limit = 1024;
        disk.Write(1, new byte[512]).Should().Be(DiskResult.Done);
    }

    [Fact]
    public void Errors_OfARealFullDevice_AreNoSpace()
    {
        if (File.Exists("/dev/full"))
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle full = File.OpenHandle("/dev/full", access: FileAccess.Write);
            Action write = () => RandomAccess.Write(full, new byte[512], 0);
            HostErrors.ToResult(write.Should().Throw<IOException>().Which).Should().Be(DiskResult.NoSpace);
        }
    }

    [Fact]
    public void Write_Qcow2MagicWhereTheFormatWasFound_IsRefused()
    {
        string path = _folder.Raw("disk.img", 4096);
        var sector = new byte[512];
        new byte[] { 0x51, 0x46, 0x49, 0xFB }.CopyTo(sector, 0);
        using (DiskImage disk = Open(path))
        {
            disk.Write(0, sector).Should().Be(DiskResult.HostError);
            disk.Write(1, sector).Should().Be(DiskResult.Done);
        }

        using DiskImage given = DiskFactory.Open(new DiskSpec(path) { Format = DiskFormat.Raw });
        given.Write(0, sector).Should().Be(DiskResult.Done);
    }

    private static DiskImage Open(string path) => DiskFactory.Open(new DiskSpec(path));
}
