using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public sealed class SnapshotDiskTests : IDisposable
{
    private const int Sectors = 1000;

    private readonly DiskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<DiskWrites> Kinds() => new(DiskWrites.ToImage, DiskWrites.Discarded, DiskWrites.ToOverlay);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Restore_WrittenDisk_HasWhatTheGuestWroteAndLeavesTheImageAlone(DiskWrites writes)
    {
        string image = _folder.Raw("disk.img", Sectors * IDisk.SectorBytes);
        byte[] snapshot;
        using (var machine = new PcMachine(Options(image, writes)))
        {
            Write(machine, 7, 0xAA);
            Write(machine, Sectors - 1, 0xBB);
            snapshot = CountingGuest.Save(machine);
        }

        byte[] before = File.ReadAllBytes(image);
        using PcMachine restored = CountingGuest.Restore(snapshot);
        using PcMachine again = CountingGuest.Restore(snapshot);
        (Read(restored, 7), Read(restored, Sectors - 1)).Should().Be((0xAA, 0xBB));
        Read(restored, 8).Should().Be(before[8 * IDisk.SectorBytes]);
        Write(restored, 7, 0xCC);
        (Read(restored, 7), Read(again, 7)).Should().Be((0xCC, 0xAA));
        File.ReadAllBytes(image).Should().Equal(before);

        using PcMachine copy = CountingGuest.Restore(CountingGuest.Save(restored));
        (Read(copy, 7), Read(copy, Sectors - 1)).Should().Be((0xCC, 0xBB));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Fork_Disks_AreApartAndOutliveTheMachine(DiskWrites writes)
    {
        string image = _folder.Raw("disk.img", Sectors * IDisk.SectorBytes);
        var machine = new PcMachine(Options(image, writes));
        Write(machine, 1, 0x11);
        PcMachine first = machine.Fork();
        Write(machine, 1, 0x22);
        Write(first, 2, 0x33);
        PcMachine second = machine.Fork();
        Write(machine, 1, 0x44);
        PcMachine child = first.Fork();
        Write(first, 1, 0x55);

        (Read(machine, 1), Read(first, 1), Read(second, 1), Read(child, 1)).Should().Be((0x44, 0x55, 0x22, 0x11));
        (Read(first, 2), Read(child, 2)).Should().Be((0x33, 0x33));
        Read(second, 2).Should().NotBe(0x33);

        // What a fork shows is also what its snapshot holds, whatever lies where.
        byte[] snapshot = CountingGuest.Save(child);
        machine.Dispose();
        first.Dispose();
        (Read(second, 1), Read(child, 1)).Should().Be((0x22, 0x11));
        second.Dispose();
        child.Dispose();
        using PcMachine restored = CountingGuest.Restore(snapshot);
        (Read(restored, 1), Read(restored, 2)).Should().Be((0x11, 0x33));
        if (writes == DiskWrites.ToImage)
        {
            File.ReadAllBytes(image)[IDisk.SectorBytes].Should().Be(0x44, "the first machine's writes go to the image as before");
        }
    }

    [Fact]
    public void Fork_AllDisposed_GivesTheImageBack()
    {
        string image = _folder.Raw("disk.img", Sectors * IDisk.SectorBytes);
        var machine = new PcMachine(Options(image, DiskWrites.ToImage));
        PcMachine fork = machine.Fork();
        machine.Dispose();
        Action open = () => DiskFactory.Open(new DiskSpec(image)).Dispose();
        open.Should().Throw<ImageException>("the fork still reads it");
        fork.Dispose();
        open.Should().NotThrow();
    }

    [Fact]
    public void Restore_DiskInMemory_IsInTheSnapshot()
    {
        byte[] bytes = new byte[Sectors * IDisk.SectorBytes];
        new Random(3).NextBytes(bytes);
        using var machine = new PcMachine(CountingGuest.Options() with { Media = new BootMedia { Disks = [new MemoryDisk(bytes)] } });
        Write(machine, 5, 0);
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        (Read(restored, 5), Read(restored, 6)).Should().Be((0, bytes[6 * IDisk.SectorBytes]));
    }

    [Fact]
    public void Restore_ReadOnlyDisk_StaysReadOnly()
    {
        string image = _folder.Raw("disk.img", Sectors * IDisk.SectorBytes);
        using var machine = new PcMachine(Options(image, DiskWrites.Refused));
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        using PcMachine fork = machine.Fork();
        Disk(restored).IsReadOnly.Should().BeTrue();
        Disk(fork).IsReadOnly.Should().BeTrue();
        Read(fork, 3).Should().Be(Read(machine, 3));
    }

    [Fact]
    public void Restore_ImageChangedMeanwhile_IsRefusedUnlessAccepted()
    {
        string image = _folder.Raw("disk.img", Sectors * IDisk.SectorBytes);
        byte[] snapshot;
        using (var machine = new PcMachine(Options(image, DiskWrites.Discarded)))
        {
            snapshot = CountingGuest.Save(machine);
        }

        File.SetLastWriteTimeUtc(image, DateTime.UtcNow.AddHours(1));
        Action restore = () => CountingGuest.Restore(snapshot).Dispose();
        restore.Should().Throw<SnapshotException>().WithMessage("*disk.img has been changed*");
        CountingGuest.Restore(snapshot, new MachineHost { AcceptsChangedDisks = true }).Dispose();

        File.WriteAllBytes(image, new byte[512]);
        Action accepted = () => CountingGuest.Restore(snapshot, new MachineHost { AcceptsChangedDisks = true }).Dispose();
        accepted.Should().Throw<SnapshotException>().WithMessage("*sectors*");

        File.Delete(image);
        restore.Should().Throw<ImageException>().WithMessage("*does not exist*");
    }

    private PcOptions Options(string image, DiskWrites writes) => CountingGuest.Options() with
    {
        Disks = [new DiskAttachment(new DiskSpec(image) { Format = DiskFormat.Raw, Writes = writes, OverlayPath = writes == DiskWrites.ToOverlay ? _folder.PathOf("over.qcow2") : null })],
    };

    private static IDisk Disk(PcMachine machine) => machine.Disks.Ide[0];

    private static void Write(PcMachine machine, long sector, byte value)
    {
        byte[] bytes = new byte[IDisk.SectorBytes];
        Array.Fill(bytes, value);
        Disk(machine).Write(sector, bytes).Should().Be(DiskResult.Done);
    }

    private static byte Read(PcMachine machine, long sector)
    {
        byte[] bytes = new byte[IDisk.SectorBytes];
        Disk(machine).Read(sector, bytes).Should().Be(DiskResult.Done);
        return bytes[0];
    }
}
