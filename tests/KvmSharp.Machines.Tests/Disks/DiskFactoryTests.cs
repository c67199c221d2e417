using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public sealed class DiskFactoryTests : IDisposable
{
    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Missing_IsRefused() => Refusal(new DiskSpec(_folder.PathOf("none.img"))).Should().Contain("does not exist");

    [Fact]
    public void Open_Folder_IsRefused() => Refusal(new DiskSpec(_folder.PathOf("."))).Should().Contain("directory");

    [Fact]
    public void Open_Empty_IsRefused() => Refusal(new DiskSpec(_folder.Raw("empty.img", 0))).Should().Contain("is empty");

    [Fact]
    public void Open_CharacterDevice_IsRefusedAndNotRead()
    {
        if (File.Exists("/dev/zero"))
        {
            Refusal(new DiskSpec("/dev/zero")).Should().Contain("neither a file nor a block device");
        }
    }

    [Fact]
    public void Open_RawFileAsQcow2_IsRefused() =>
        Refusal(new DiskSpec(_folder.Raw("disk.img", 4096)) { Format = DiskFormat.Qcow2 }).Should().Contain("no qcow2 header");

    [Fact]
    public void Open_WithoutFormat_FindsQcow2ByItsFirstBytes()
    {
        Qcow2Image.Create(_folder.PathOf("disk.qcow2"), 1 << 20);
        using DiskImage disk = DiskFactory.Open(new DiskSpec(_folder.PathOf("disk.qcow2")));
        (disk.Format, disk.SectorCount).Should().Be((DiskFormat.Qcow2, 2048));
    }

    [Fact]
    public void Open_WrittenByAnother_IsRefusedUntilThatEnds()
    {
        string path = _folder.Raw("disk.img", 4096);
        using (DiskFactory.Open(new DiskSpec(path)))
        {
            Refusal(new DiskSpec(path)).Should().Contain("in use").And.Contain(path);
            Refusal(DiskSpec.NeverChanged(path)).Should().Contain("in use");
        }

        using DiskImage again = DiskFactory.Open(new DiskSpec(path));
    }

    [Fact]
    public void Open_RefusedImage_LeavesNoLock()
    {
        string path = _folder.Raw("disk.img", 4096);
        Refusal(new DiskSpec(path) { Format = DiskFormat.Qcow2 });
        using DiskImage disk = DiskFactory.Open(new DiskSpec(path));
    }

    [Fact]
    public void Open_Overlay_IsCreatedThenReused()
    {
        string path = _folder.Raw("disk.img", 100_000);
        byte[] before = File.ReadAllBytes(path);
        var spec = new DiskSpec(path) { Writes = DiskWrites.ToOverlay, OverlayPath = _folder.PathOf("changes.qcow2") };
        var bytes = new byte[512];
        Array.Fill(bytes, (byte)0x42);
        using (DiskImage disk = DiskFactory.Open(spec))
        {
            disk.SectorCount.Should().Be(196);
            disk.Write(195, bytes).Should().Be(DiskResult.Done);
        }

        using DiskImage again = DiskFactory.Open(spec);
        var read = new byte[512];
        again.Read(195, read).Should().Be(DiskResult.Done);
        read.Should().Equal(bytes);
        again.Read(0, read).Should().Be(DiskResult.Done);
        read.Should().Equal(before[..512]);
        File.ReadAllBytes(path).Should().Equal(before);
    }

    [Fact]
    public void Open_OverlayOfAnotherImage_IsRefused()
    {
        string overlay = _folder.PathOf("changes.qcow2");
        Qcow2Image.Create(overlay, 4096, _folder.Raw("other.img", 4096));
        Refusal(new DiskSpec(_folder.Raw("disk.img", 4096)) { Writes = DiskWrites.ToOverlay, OverlayPath = overlay }).Should().Contain("no overlay of");
    }

    [Fact]
    public void Open_OverlayOfItself_IsRefused()
    {
        string path = _folder.Raw("disk.img", 4096);
        Refusal(new DiskSpec(path) { Writes = DiskWrites.ToOverlay, OverlayPath = path }).Should().Contain("of itself");
    }

    [Fact]
    public void Open_OverlayInAFolderThatIsMissing_IsRefused()
    {
        string overlay = Path.Combine(_folder.PathOf("none"), "changes.qcow2");
        Refusal(new DiskSpec(_folder.Raw("disk.img", 4096)) { Writes = DiskWrites.ToOverlay, OverlayPath = overlay }).Should().Contain("could not be created");
    }

    [Fact]
    public void Open_BackingFileThatIsMissing_IsRefused()
    {
        Qcow2Image.Create(_folder.PathOf("a.qcow2"), 4096, _folder.Raw("below.img", 4096));
        File.Delete(_folder.PathOf("below.img"));
        Refusal(new DiskSpec(_folder.PathOf("a.qcow2"))).Should().Contain("a.qcow2 needs its backing file").And.Contain("below.img");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Open_BackingLoop_IsRefused(int length)
    {
        for (int i = 0; i < length; i++)
        {
            Qcow2Image.Create(_folder.PathOf($"{i}.qcow2"), 4096, _folder.PathOf($"{(i + 1) % length}.qcow2"), DiskFormat.Qcow2);
        }

        Refusal(new DiskSpec(_folder.PathOf("0.qcow2")) { Writes = DiskWrites.Refused }).Should().Contain("its own backing file");
    }

    [Fact]
    public void Open_ChainThatIsTooLong_IsRefused()
    {
        for (int i = 0; i < 40; i++)
        {
            Qcow2Image.Create(_folder.PathOf($"{i}.qcow2"), 4096, _folder.PathOf($"{i + 1}.qcow2"), DiskFormat.Qcow2);
        }

        Refusal(new DiskSpec(_folder.PathOf("0.qcow2"))).Should().Contain("32 other images");
    }

    [Theory]
    [InlineData("nbd:localhost:10809", "only files")]
    [InlineData("json:{\"driver\":\"raw\"}", "only files")]
    [InlineData("a\u001b[2Jb", "no text")]
    public void Open_BackingFileThatIsNoFile_IsRefused(string name, string expected)
    {
        string path = _folder.PathOf("a.qcow2");
        Qcow2Image.Create(path, 4096, _folder.Raw(new string('x', name.Length), 512));
        byte[] image = File.ReadAllBytes(path);
        System.Text.Encoding.ASCII.GetBytes(name).CopyTo(image, (int)Qcow2Bytes.U64(image, 8));
        File.WriteAllBytes(path, image);
        Refusal(new DiskSpec(path)).Should().Contain(expected).And.NotContain("\u001b");
    }

    [Fact]
    public void MachineDisks_OpensEachOnItsBus()
    {
        using MachineDisks disks = MachineDisks.Open(Options(
            new DiskAttachment(new DiskSpec(_folder.Raw("a.img", 512))),
            new DiskAttachment(new DiskSpec(_folder.Raw("b.img", 1024)), DiskBus.Virtio),
            new DiskAttachment(new DiskSpec(_folder.Raw("c.img", 2048)))) with
        { Floppy = new DiskSpec(_folder.Raw("f.img", 4096)) });
        disks.Ide.Select(d => d.SectorCount).Should().Equal(1, 4);
        disks.Virtio.Select(d => d.SectorCount).Should().Equal(2);
        (disks.Floppy!.SectorCount, disks.Cdrom).Should().Be((8, null));
    }

    [Fact]
    public void MachineDisks_OneFileWrittenTwice_IsRefusedAndAllAreClosed()
    {
        string path = _folder.Raw("a.img", 512);
        string other = _folder.Raw("b.img", 512);
        File.CreateSymbolicLink(_folder.PathOf("link.img"), path);
        Action open = () => MachineDisks.Open(Options(
            new DiskAttachment(new DiskSpec(other)), new DiskAttachment(DiskSpec.NeverChanged(path)), new DiskAttachment(new DiskSpec(_folder.PathOf("link.img")))));
        open.Should().Throw<ImageException>().WithMessage("*given twice*");
        using DiskImage free = DiskFactory.Open(new DiskSpec(other));
    }

    private static PcOptions Options(params DiskAttachment[] disks) =>
        new() { Boot = new BootSource { Image = new ImageFile("none", new byte[512]) }, Disks = disks };

    private static string Refusal(DiskSpec spec)
    {
        Action open = () => DiskFactory.Open(spec).Dispose();
        return open.Should().Throw<ImageException>().Which.Message.Should().EndWith(".").And.Subject;
    }
}
