namespace KvmSharp.Machines.Tests;

public class Qcow2DiskTests
{
    [Theory]
    [InlineData(9, 4, 3)]
    [InlineData(9, 0, 3)]
    [InlineData(9, 6, 3)]
    [InlineData(10, 1, 3)]
    [InlineData(12, 2, 3)]
    [InlineData(12, 4, 2)]
    [InlineData(16, 3, 3)]
    [InlineData(16, 5, 3)]
    [InlineData(21, 4, 3)]
    public void Write_AnyGeometry_ReadsBackAndStaysConsistent(int clusterBits, int refcountOrder, int version)
    {
        const int Size = (4 << 20) + 512;
        var file = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits, refcountOrder, version));
        using Qcow2Disk disk = Open(file);
        var work = new DiskWorkload(disk, new byte[Size], seed: clusterBits);
        for (int i = 0; i < 300; i++)
        {
            work.Write(mostSectors: 64);
            work.Read(mostSectors: 200);
        }

        work.ReadAll();
        Qcow2Check.Run(file.ToArray()).Should().BeEquivalentTo((Array.Empty<string>(), 0));
        using Qcow2Disk again = Open(new MemoryFile(file.ToArray()) { IsReadOnly = true });
        new DiskWorkload(again, work.Model, 0).ReadAll();
    }

    [Fact]
    public void Write_MoreThanTheRefcountTableCounts_GrowsTheTable()
    {
        const int Size = 6 << 20;
        var file = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits: 9, refcountOrder: 6)); // the table counts 2 MiB
        using Qcow2Disk disk = Open(file);
        var work = new DiskWorkload(disk, new byte[Size], seed: 1);
        for (int i = 0; i < 400; i++)
        {
            work.Write(mostSectors: 128);
        }

        work.ReadAll();
        Qcow2Bytes.U32(file.ToArray(), 56).Should().BeGreaterThan(1);
        Qcow2Check.Run(file.ToArray()).Should().BeEquivalentTo((Array.Empty<string>(), 0));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(12)]
    public void Write_WithSnapshot_LeavesTheSnapshotAlone(int clusterBits)
    {
        const int Size = 40_960;
        var file = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits));
        var work = new DiskWorkload(Open(file), new byte[Size], seed: 2);
        for (int i = 0; i < 20; i++)
        {
            work.Write(mostSectors: 4);
        }

        byte[] before = [.. work.Model];
        file = new MemoryFile(Qcow2Bytes.WithSnapshot(file.ToArray()));
        Qcow2Check.Run(file.ToArray()).Errors.Should().BeEmpty("the test's own snapshot is right");
        work = new DiskWorkload(Open(file), work.Model, seed: 3);
        for (int i = 0; i < 40; i++)
        {
            work.Write(mostSectors: 4);
        }

        work.ReadAll();
        new DiskWorkload(Open(new MemoryFile(Qcow2Bytes.Snapshot(file.ToArray())) { IsReadOnly = true }), before, 0).ReadAll();
        Qcow2Check.Run(file.ToArray()).Should().BeEquivalentTo((Array.Empty<string>(), 0));
    }

    [Fact]
    public void ReadAndWrite_AboveAShorterBackingImage_SeesItThenZeros()
    {
        const int Size = 256 << 10;
        var below = new byte[100 * 512];
        new Random(4).NextBytes(below);
        byte[] model = [.. below, .. new byte[Size - below.Length]];
        var file = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits: 12));
        using var disk = new Qcow2Disk(file, Qcow2Header.Read(file), new RawDisk(new MemoryFile(below), formatWasFound: false));
        var work = new DiskWorkload(disk, model, seed: 5);
        work.ReadAll();
        for (int i = 0; i < 40; i++)
        {
            work.Write(mostSectors: 12);
            work.Read(mostSectors: 100);
        }

        work.ReadAll();
    }

    [Fact]
    public void Write_WhenTheHostIsFull_ChangesNothingAndLeaksNothing()
    {
        const int Size = 1 << 20;
        var file = new MemoryFile(Qcow2Bytes.Create(Size, clusterBits: 12));
        using Qcow2Disk disk = Open(file);
        var work = new DiskWorkload(disk, new byte[Size], seed: 6);
        work.Write(mostSectors: 64);
        file.Limit = file.Length + (2 << 12);
        var bytes = new byte[64 << 10];
        Array.Fill(bytes, (byte)0xEE);
        for (int i = 0; i < 100; i++)
        {
            disk.Invoking(d => d.Write(Size - bytes.Length, bytes)).Should().Throw<IOException>();
        }

        Qcow2Check.Run(file.ToArray()).Should().BeEquivalentTo((Array.Empty<string>(), 0));
        file.Limit = int.MaxValue;
        disk.Write(Size - bytes.Length, bytes);
        bytes.CopyTo(work.Model, Size - bytes.Length);
        work.ReadAll();
        Qcow2Check.Run(file.ToArray()).Should().BeEquivalentTo((Array.Empty<string>(), 0));
    }

    [Fact]
    public void Read_AfterTheFileWasCutShort_Fails()
    {
        var file = new MemoryFile(Qcow2Bytes.Create(1 << 20, clusterBits: 12));
        using Qcow2Disk disk = Open(file);
        disk.Write(0, new byte[64 << 10]);
        file.Truncate(file.Length - (8 << 10));
        disk.Invoking(d => d.Read(0, new byte[64 << 10])).Should().Throw<ImageException>().WithMessage("*beyond the end of the file*");
    }

    [Fact]
    public void Write_WithAutoclearFeatures_ClearsThemFirst()
    {
        byte[] image = Qcow2Bytes.Create(1 << 20, clusterBits: 12);
        Qcow2Bytes.UInt64(image, 88, 1);
        var file = new MemoryFile(image);
        Open(file).Write(0, new byte[512]);
        (file.Writes[0].Offset, file.Writes[0].Bytes).Should().BeEquivalentTo((88L, new byte[8]));
    }

    [Fact]
    public void Flush_Always_ReachesTheHost()
    {
        var file = new MemoryFile(Qcow2Bytes.Create(1 << 20, clusterBits: 12));
        Open(file).Flush();
        file.Flushes.Should().Be(1);
    }

    internal static Qcow2Disk Open(MemoryFile file) => new(file, Qcow2Header.Read(file), backing: null);
}
