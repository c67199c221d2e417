using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class BootServicesTests
{
    private const uint BootedAt = 0x0000_7C00; // 0000:7C00
    private const uint Unchanged = 0xF000_E200;

    // aam splits DL into two digits, which INT 10h/0Eh prints; then cli, hlt.
    private static readonly byte[] PrintDrive =
    [
        0x88, 0xD0, 0xD4, 0x10, 0x05, 0x30, 0x30, 0x50, 0x88, 0xE0, 0xB4, 0x0E, 0xCD, 0x10, 0x58, 0xB4, 0x0E, 0xCD, 0x10, 0xFA, 0xF4,
    ];

    // INT 13h/4B01h to 0000:0500; then reads sector 2 of the drive in DL and prints its first byte.
    private static readonly byte[] PrintSecondSector =
    [
        0x52, 0xBE, 0x00, 0x05, 0xB8, 0x01, 0x4B, 0xCD, 0x13, 0x5A, 0xB8, 0x01, 0x02, 0xBB, 0x00, 0x80, 0xB9, 0x02, 0x00, 0xB6, 0x00, 0xCD, 0x13,
        0x72, 0x07, 0xA0, 0x00, 0x80, 0xB4, 0x0E, 0xCD, 0x10, 0xFA, 0xF4,
    ];

    [Fact]
    public void Boot_Disk_EntersItsSectorWithTheDriveInDl()
    {
        byte[] disk = [.. FirmwareMachine.Sector(PrintDrive), .. new byte[512]];
        FirmwareMachine.Boot(disk).Serial.Should().Be("80");
        byte[] floppy = [.. FirmwareMachine.Sector(PrintDrive), .. new byte[(1440 - 1) * 512]];
        FirmwareMachine.Boot(floppy).Serial.Should().Be("00", "a disk of a floppy's size is a floppy");
    }

    [Fact]
    public void Boot_NothingBootable_StopsWithASentence()
    {
        (MachineStop stop, string serial) = FirmwareMachine.Boot(new byte[1024], format: ImageFormat.Disk);
        stop.Reason.Should().Be(MachineStopReason.NothingToBoot);
        stop.Explanation.Should().StartWith("No bootable device:");
        serial.Should().Be(stop.Explanation + "\r\n");
    }

    [Fact]
    public void Int18_GoesOnToTheNextDevice()
    {
        byte[] floppy = [.. FirmwareMachine.Sector([0xB8, 0x41, 0x0E, 0xCD, 0x10, 0xCD, 0x18]), .. new byte[(1440 - 1) * 512]]; // prints A, INT 18h
        byte[] disk = FirmwareMachine.Sector(PrintDrive);
        FirmwareMachine.Boot(floppy, new BootMedia { Disks = [new MemoryDisk(disk)] }).Serial.Should().Be("A80");
    }

    [Theory]
    [InlineData(BootDevice.Disk, 0x80)]
    [InlineData(BootDevice.Cdrom, 0xE0)]
    [InlineData(BootDevice.Floppy, 0x00)]
    public void Boot_Order_IsTheOrderGiven(BootDevice first, byte drive)
    {
        byte[] sector = FirmwareMachine.Sector(PrintDrive);
        var media = new BootMedia
        {
            Floppies = [new MemoryDisk(sector)],
            Disks = [new MemoryDisk(sector)],
            Cdroms = [new MemoryDisk(DiscBuilder.Make(0, sector))],
        };
        var bench = new ServiceBench(media, [first, BootDevice.Floppy, BootDevice.Disk, BootDevice.Cdrom]);
        CallRegisters after = bench.Call(0x19, new CallRegisters { ReturnTo = Unchanged });
        (after.ReturnTo, after.Edx).Should().Be((BootedAt, drive));
    }

    [Fact]
    public void Boot_Disc_LoadsAsManySectorsAsTheCatalogueSays()
    {
        byte[] image = [.. FirmwareMachine.Sector(PrintDrive), .. Enumerable.Repeat((byte)0x77, 3 * 512)];
        FirmwareMachine.Boot(DiscBuilder.Make(0, image)).Serial.Should().Be(">0", "drive E0h; > is the digit behind =");
        var bench = new ServiceBench(new BootMedia { Cdroms = [new MemoryDisk(DiscBuilder.Make(0, image, sectors: 3, segment: 0x1000))] });
        bench.Call(0x19, new CallRegisters()).ReturnTo.Should().Be(0x1000_0000);
        bench.Memory.Bytes.AsSpan(0x1_0000, 3 * 512).ToArray().Should().Equal(image.AsSpan(0, 3 * 512).ToArray());
        bench.Memory.Bytes[0x1_0000 + (3 * 512)].Should().Be(0);
    }

    [Theory]
    [InlineData(2, 0x00)] // a floppy of 1.44 MB
    [InlineData(4, 0x80)] // a hard disk
    public void Boot_DiscThatEmulatesADrive_IsThatDrive(byte media, byte drive)
    {
        byte[] image = [.. FirmwareMachine.Sector(PrintSecondSector), (byte)'2', .. new byte[511]];
        FirmwareMachine.Boot(DiscBuilder.Make(media, image)).Serial.Should().Be("2");

        // A real drive of the kind is now the second one, and function 4Bh tells of the emulation and ends it.
        var real = new MemoryDisk([.. Enumerable.Repeat((byte)'R', 512)]);
        var bench = new ServiceBench(new BootMedia { Floppies = [real], Disks = [real], Cdroms = [new MemoryDisk(DiscBuilder.Make(media, image))] }, [BootDevice.Cdrom]);
        CallRegisters booted = bench.Call(0x19, new CallRegisters());
        (booted.ReturnTo, booted.Edx).Should().Be((BootedAt, drive));
        ReadFirst(bench, drive).Should().Be(image[0]);
        ReadFirst(bench, (byte)(drive + 1)).Should().Be((byte)'R');
        bench.Call(0x13, new CallRegisters { Eax = 0x4B00, Esi = 0x500, Edx = drive }).Carry.Should().BeFalse();
        bench.Memory.Bytes.AsSpan(0x500, 8).ToArray().Should().Equal([0x13, media, drive, 0, DiscBuilder.Image / DiscBuilder.Block, 0, 0, 0]);
        ReadFirst(bench, drive).Should().Be((byte)'R');
    }

    [Theory]
    [InlineData(DiscBuilder.BootRecord + 0x47, 0xFF)]    // a catalogue beyond the end
    [InlineData(DiscBuilder.BootRecord + 1, (byte)'X')]  // no volume descriptor
    [InlineData(DiscBuilder.Catalog, 0x02)]              // no validation entry
    [InlineData(DiscBuilder.Catalog + 28, 0x00)]         // its sum is wrong
    [InlineData(DiscBuilder.Catalog + 32, 0x00)]         // not bootable
    [InlineData(DiscBuilder.Catalog + 33, 0x05)]         // no such medium
    [InlineData(DiscBuilder.Catalog + 42, 0xFF)]         // an image beyond the end
    public void Boot_DiscWithoutAValidEntry_IsNotBooted(int place, byte value)
    {
        byte[] disc = DiscBuilder.Make(0, FirmwareMachine.Sector(PrintDrive));
        disc[place] = value;
        var bench = new ServiceBench(new BootMedia { Cdroms = [new MemoryDisk(disc)] });
        bench.Call(0x19, new CallRegisters { ReturnTo = Unchanged }).ReturnTo.Should().Be(Unchanged);
        bench.NothingToBoot.Should().NotBeNull();
    }

    [Fact]
    public void Boot_HostileDiscs_AreBootedOrRefused()
    {
        // Random bytes over the descriptors and the catalogue, then every service that believes them.
        Gen<(int Place, byte Value)[]> damage = Gen.Choose(DiscBuilder.BootRecord, DiscBuilder.Image - 1)
            .Or(Gen.Choose(DiscBuilder.Catalog + 32, DiscBuilder.Catalog + 48))
            .SelectMany(place => Gen.Choose(0, 255), (place, value) => (place, (byte)value))
            .ArrayOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(damage.ToArbitrary(), places =>
        {
            byte[] disc = DiscBuilder.Make((byte)(places.Length % 6), FirmwareMachine.Sector(PrintDrive));
            foreach ((int place, byte value) in places)
            {
                disc[place] = value;
            }

            var bench = new ServiceBench(new BootMedia { Cdroms = [new MemoryDisk(disc)] });
            bool booted = bench.Call(0x19, new CallRegisters { ReturnTo = Unchanged }).ReturnTo != Unchanged;
            ReadFirst(bench, 0);
            ReadFirst(bench, 0x80);
            bench.Call(0x13, new CallRegisters { Eax = 0x4B00, Esi = 0x500, Edx = 0x7F });
            return booted != bench.NothingToBoot is not null;
        }));
    }

    private static byte ReadFirst(ServiceBench bench, byte drive)
    {
        bench.Call(0x13, new CallRegisters { Eax = 0x0201, Ebx = 0x9000, Ecx = 1, Edx = drive });
        return bench.Memory.Bytes[0x9000];
    }
}
