using FsCheck;
using FsCheck.Fluent;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

/// <summary>Images that lie: they are refused with a sentence, or they fail as disks do; nothing else ever happens.</summary>
public class Qcow2HostileTests
{
    private const int ClusterBits = 9;
    private const int Size = 256 << 10;
    private const long MostMemory = 128 << 20;
    private const int MostReads = 100_000;

    private static readonly byte[] Image = MakeImage();

    public static TheoryData<string, int, int, ulong, string> Lies() => new()
    {
        { "version 1", 4, 4, 1, "version 1" },
        { "clusters of 256 bytes", 20, 4, 8, "cluster size" },
        { "clusters of 4 MiB", 20, 4, 22, "cluster size" },
        { "no sectors", 24, 8, 0, "no sectors" },
        { "more sectors than L1 has room for", 24, 8, 1UL << 40, "L1 table" },
        { "all the sectors there are", 24, 8, ulong.MaxValue, "L1 table" },
        { "AES", 32, 4, 1, "encrypted" },
        { "LUKS", 32, 4, 2, "encrypted" },
        { "a huge L1", 36, 4, uint.MaxValue, "L1 table" },
        { "an empty L1", 36, 4, 0, "L1 table" },
        { "L1 beyond the end", 40, 8, 1UL << 40, "beyond the end" },
        { "L1 at an odd place", 40, 8, 513, "cluster of its own" },
        { "L1 in the header", 40, 8, 0, "cluster of its own" },
        { "refcounts beyond the end", 48, 8, ulong.MaxValue << ClusterBits, "beyond the end" },
        { "a huge refcount table", 56, 4, uint.MaxValue, "refcount table" },
        { "an empty refcount table", 56, 4, 0, "refcount table" },
        { "the dirty bit", 72, 8, 1, "dirty bit" },
        { "the corrupt bit", 72, 8, 2, "corrupt bit" },
        { "an external data file", 72, 8, 4, "external data file" },
        { "subclusters", 72, 8, 16, "extended L2" },
        { "an unknown feature", 72, 8, 1UL << 40, "bit 40" },
        { "refcounts of 128 bits", 96, 4, 7, "64 bits" },
        { "a short header", 100, 4, 96, "header length" },
        { "a header longer than a cluster", 100, 4, 1024, "header length" },
        { "a name beyond the first cluster", 8, 8, 510, "name is not in the first cluster" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void Read_HeaderThatLies_IsRefusedByName(string lie, int offset, int width, ulong value, string expected)
    {
        byte[] image = [.. Image];
        Qcow2Bytes.UInt32(image, 16, 5); // the length of a backing file's name, where one is given
        for (int i = 0; i < width; i++)
        {
            image[offset + i] = (byte)(value >> (8 * (width - 1 - i)));
        }

        Action read = () => Qcow2Header.Read(new MemoryFile(image));
        read.Should().Throw<ImageException>(lie).Which.Message.Should().Contain(expected).And.StartWith("memory ").And.EndWith(".");
    }

    [Fact]
    public void Read_CompressedWithZstd_IsRefused()
    {
        byte[] image = [.. Image];
        (image[79], image[103], image[104]) = (8, 112, 1);
        Action read = () => Qcow2Header.Read(new MemoryFile(image));
        read.Should().Throw<ImageException>().WithMessage("*zstd*");
    }

    [Fact]
    public void Read_DirtyImageForReading_IsOpened()
    {
        byte[] image = [.. Image];
        image[79] = 1;
        Qcow2Header.Read(new MemoryFile(image) { IsReadOnly = true }).Size.Should().Be(Size);
    }

    [Fact]
    public void Write_WhereTheMapPointsAtTheHeader_IsRefused()
    {
        byte[] image = [.. Image];
        var l2 = (int)(Qcow2Bytes.U64(image, (int)Qcow2Bytes.U64(image, 40)) & Qcow2Cluster.OffsetMask);
        Qcow2Bytes.UInt64(image, l2, unchecked((long)(Qcow2Cluster.Copied | Qcow2Bytes.U64(image, 48)))); // the refcount table as data
        var file = new MemoryFile(image);
        using Qcow2Disk disk = Qcow2DiskTests.Open(file);
        disk.Invoking(d => d.Write(0, new byte[512])).Should().Throw<ImageException>().WithMessage("*damaged*");
        file.Writes.Should().BeEmpty();
    }

    [Fact]
    public void Read_L1ThatPointsAtItself_Ends()
    {
        byte[] image = [.. Image];
        long l1 = (long)Qcow2Bytes.U64(image, 40);
        for (int at = 0; at < (int)Qcow2Bytes.U32(image, 36) * 8; at += 8)
        {
            Qcow2Bytes.UInt64(image, (int)l1 + at, l1 | unchecked((long)Qcow2Cluster.Copied));
        }

        Exercise(new MemoryFile(image) { IsReadOnly = true });
        Exercise(new MemoryFile(image));
    }

    [Fact]
    public void AnyDamage_IsRefusedOrFailsAsADiskDoes()
    {
        int[] places = [0, 0x200, 0x400, (int)Qcow2Bytes.U64(Image, 40), Image.Length / 2];
        Prop.ForAll(
            Gen.Choose(0, int.MaxValue).ArrayOf(12).ToArbitrary(),
            bits =>
            {
                byte[] image = [.. Image];
                for (int i = 0; i + 1 < bits.Length; i += 2)
                {
                    int at = (places[bits[i] % places.Length] + ((bits[i] >> 4) % 512)) % image.Length;
                    image[at] = (bits[i + 1] & 3) switch
                    {
                        0 => 0xFF,
                        1 => 0,
                        2 => (byte)(image[at] ^ (1 << (bits[i + 1] >> 8 & 7))),
                        _ => (byte)(bits[i + 1] >> 16),
                    };
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                Exercise(new MemoryFile(image));
                Exercise(new MemoryFile(image) { IsReadOnly = true });
                (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(MostMemory);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    // Opens, reads everything, writes here and there; through DiskImage, so that any other exception than a disk's own escapes.
    private static void Exercise(MemoryFile file)
    {
        Qcow2Disk disk;
        try
        {
            disk = Qcow2DiskTests.Open(file);
        }
        catch (ImageException)
        {
            return;
        }

        using var image = new DiskImage(disk, new DiskSpec("memory"), DiskFormat.Qcow2, report: null);
        var bytes = new byte[16 << 10];
        for (int i = 0; i < 16; i++)
        {
            image.Read(Math.Min(image.SectorCount, Size / IDisk.SectorBytes) * i / 16, bytes);
            if (!file.IsReadOnly)
            {
                image.Write(((i * 7919L) + 1) % image.SectorCount, bytes.AsSpan(0, 1024));
            }
        }

        file.Reads.Should().BeLessThan(MostReads, "no table makes us search for ever");
        file.Length.Should().BeLessThan(64 << 20, "no table makes the file grow without bound");
    }

    private static byte[] MakeImage()
    {
        var file = new MemoryFile(Qcow2Bytes.Create(Size, ClusterBits));
        var work = new DiskWorkload(Qcow2DiskTests.Open(file), new byte[Size], seed: 7);
        for (int i = 0; i < 12; i++)
        {
            work.Write(mostSectors: 40);
        }

        return file.ToArray();
    }
}
