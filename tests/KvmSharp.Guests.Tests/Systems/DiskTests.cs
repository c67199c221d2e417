using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Linux with its root file system on a disk: what it writes and syncs is there after a second boot, and the file system is whole.</summary>
public class DiskTests
{
    private const string SwitchRoot = """
        sleep 1
        mount -t FILESYSTEM DEVICE /mnt || echo "no root"
        mount --move /proc /mnt/proc
        mount --move /dev /mnt/dev
        exec switch_root /mnt /sbin/init
        """;

    private const string Init = """
        #!/bin/busybox sh
        exec </dev/ttyS0 >/dev/ttyS0 2>&1
        [ -f /boots ] && echo "read back: $(cat /boots) $(md5sum </numbers)"
        echo "boot" >> /boots
        seq 1 20000 > /numbers
        sync
        echo "written"
        busybox mount -o remount,ro /
        busybox poweroff -f
        """;

    [LinuxFact("i386", tool: "mke2fs")]
    public void Root_Ext4OnIde_KeepsWhatWasWritten() => Check("i386", "ext4", DiskBus.Ide, "/dev/sda", ["sd_mod", "ata_piix", "ata_generic", "crc32c_generic", "ext4"]);

    [LinuxFact("amd64", tool: "mke2fs")]
    public void Root_Ext4OnVirtio_KeepsWhatWasWritten() => Check("amd64", "ext4", DiskBus.Virtio, "/dev/vda", ["virtio_pci", "virtio_blk"]);

    [LinuxFact("i386", @long: true, tool: "mke2fs")]
    public void Root_Ext2OnVirtio_KeepsWhatWasWritten() => Check("i386", "ext2", DiskBus.Virtio, "/dev/vda", ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"]);

    private static void Check(string architecture, string fileSystem, DiskBus bus, string device, string[] modules)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsharp-root-");
        try
        {
            string image = Path.Combine(folder.FullName, "root.img");
            MakeFileSystem(folder, image, architecture, fileSystem);
            var guest = new LinuxGuest(architecture)
            {
                Script = SwitchRoot.Replace("FILESYSTEM", fileSystem, StringComparison.Ordinal).Replace("DEVICE", device, StringComparison.Ordinal),
                Modules = modules,
                Machine = new PcOptions { Disks = [new DiskAttachment(new DiskSpec(image), bus)] },
            };

            (string first, MachineStop stop) = guest.Run();
            first.Should().Contain("written").And.NotContain("read back");
            stop.Reason.Should().Be(MachineStopReason.PowerOff);
            HostTools.Run("e2fsck", "-fn", image).Should().Be(0);

            (string second, _) = guest.Run();
            second.Should().Contain("read back: boot e071f707df7bbeee2a6a1eb48011ddd0");
            HostTools.Run("e2fsck", "-fn", image).Should().Be(0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void MakeFileSystem(DirectoryInfo folder, string image, string architecture, string fileSystem)
    {
        string root = folder.CreateSubdirectory("root").FullName;
        foreach (string below in new[] { "bin", "sbin", "dev", "proc", "sys", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(root, below));
        }

        File.Copy(SystemPackages.Busybox(architecture), Path.Combine(root, "bin/busybox"));
        foreach (string applet in new[] { "sh", "cat", "seq", "sync", "md5sum", "[" })
        {
            File.CreateSymbolicLink(Path.Combine(root, "bin", applet), "busybox");
        }

        string init = Path.Combine(root, "sbin/init");
        File.WriteAllText(init, Init.ReplaceLineEndings("\n") + "\n");
        HostTools.Run("chmod", "755", init).Should().Be(0);
        HostTools.Run("mke2fs", "-q", "-t", fileSystem, "-d", root, image, "16M").Should().Be(0);
    }
}
