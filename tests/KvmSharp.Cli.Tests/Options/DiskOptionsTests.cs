using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli.Tests;

public class DiskOptionsTests
{
    public static TheoryData<string, DiskAttachment> Disks() => new()
    {
        { "a.img", new DiskAttachment(new DiskSpec("a.img")) },
        { "a.img,format=raw", new DiskAttachment(new DiskSpec("a.img") { Format = DiskFormat.Raw }) },
        { "a,,b.img,format=qcow2,readonly", new DiskAttachment(new DiskSpec("a,b.img") { Format = DiskFormat.Qcow2, Writes = DiskWrites.Refused }) },
        { "a.img,overlay=discard,bus=virtio", new DiskAttachment(new DiskSpec("a.img") { Writes = DiskWrites.Discarded }, DiskBus.Virtio) },
        { "a.img,bus=ide,overlay=x,,y=z", new DiskAttachment(new DiskSpec("a.img") { Writes = DiskWrites.ToOverlay, OverlayPath = "x,y=z" }) },
    };

    [Theory]
    [MemberData(nameof(Disks))]
    public void Disk_Right_IsRead(string text, DiskAttachment expected) => Read("--disk", text).Disks.Should().Equal(expected);

    [Theory]
    [InlineData("", "give the path")]
    [InlineData(",readonly", "give the path")]
    [InlineData("a.img,", "'' is not known")]
    [InlineData("a.img,size=5", "'size=5' is not known: give format=raw|qcow2")]
    [InlineData("a.img,format=vmdk", "'format=vmdk' is not known")]
    [InlineData("a.img,bus=scsi", "'bus=scsi' is not known")]
    [InlineData("a.img,overlay=", "overlay needs")]
    [InlineData("a.img,readonly,overlay=discard", "exclude each other")]
    [InlineData("a.img,overlay=x,readonly", "exclude each other")]
    [InlineData("a.img,bus=ide,bus=virtio", "second time")]
    public void Disk_Wrong_IsRefusedWithAReason(string text, string reason) => Errors("--disk", text).Should().ContainSingle().Which.Should().Contain(reason);

    [Fact]
    public void Disk_SeveralTimes_KeepsTheirOrder() =>
        Read("--disk", "b", "--disk", "a,bus=virtio", "--disk", "c").Disks.Select(d => d.Spec.Path).Should().Equal("b", "a", "c");

    [Fact]
    public void Disk_FiveOnIde_AreTooMany()
    {
        string[] four = ["--disk", "a", "--disk", "b", "--disk", "c", "--disk", "d"];
        Errors(four).Should().BeEmpty();
        Errors([.. four, "--disk", "e,bus=virtio"]).Should().BeEmpty();
        Errors([.. four, "--disk", "e"]).Should().ContainSingle().Which.Should().Contain("bus=virtio");
        Errors([.. four, "--cdrom", "e"]).Should().ContainSingle().Which.Should().Contain("CD-ROM");
    }

    [Fact]
    public void Cdrom_AnyName_IsARawFileThatIsOnlyRead() =>
        Read("--cdrom", "a,b.iso").Cdrom.Should().Be(new DiskSpec("a,b.iso") { Format = DiskFormat.Raw, Writes = DiskWrites.Refused });

    [Theory]
    [InlineData("f.img", DiskWrites.ToImage)]
    [InlineData("f.img,readonly", DiskWrites.Refused)]
    public void Floppy_Right_IsRead(string text, DiskWrites writes) =>
        Read("--floppy", text).Floppy.Should().Be(new DiskSpec("f.img") { Format = DiskFormat.Raw, Writes = writes });

    [Fact]
    public void Floppy_OtherKeys_AreRefused() => Errors("--floppy", "f.img,bus=ide").Should().ContainSingle().Which.Should().Contain("only readonly");

    [Theory]
    [InlineData("d", new[] { BootDevice.Cdrom })]
    [InlineData("dca", new[] { BootDevice.Cdrom, BootDevice.Disk, BootDevice.Floppy })]
    [InlineData("floppy", new[] { BootDevice.Floppy })]
    [InlineData("cdrom,disk", new[] { BootDevice.Cdrom, BootDevice.Disk })]
    public void Boot_Right_IsAnOrder(string text, BootDevice[] order) => Read("--boot", text).BootOrder.Should().Equal(order);

    [Theory]
    [InlineData("n")]
    [InlineData("cc")]
    [InlineData("")]
    [InlineData("disk,net")]
    public void Boot_Wrong_IsRefused(string text) => Errors("--boot", text).Should().ContainSingle().Which.Should().Contain("cad");

    [Fact]
    public void NothingGiven_IsNoDiskAndTheUsualOrder()
    {
        DiskSettings settings = Read();
        (settings.Disks.Count, settings.Cdrom, settings.Floppy).Should().Be((0, null, null));
        settings.BootOrder.Should().Equal(BootDevice.Disk, BootDevice.Floppy, BootDevice.Cdrom);
    }

    private static DiskSettings Read(params string[] line)
    {
        (ParseResult parsed, DiskOptions options) = Parse(line);
        parsed.Errors.Should().BeEmpty();
        return options.Read(parsed);
    }

    private static IEnumerable<string> Errors(params string[] line) => Parse(line).Parsed.Errors.Select(e => e.Message);

    private static (ParseResult Parsed, DiskOptions Options) Parse(string[] line)
    {
        var options = new DiskOptions();
        var root = new RootCommand();
        options.AddTo(root);
        return (root.Parse(line), options);
    }
}
