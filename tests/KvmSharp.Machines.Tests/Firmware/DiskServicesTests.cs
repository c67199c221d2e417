using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines.Tests;

public class DiskServicesTests
{
    private const uint Buffer = 0x9000;
    private const int FloppyBytes = 2880 * 512;
    private const int DiskSectors = 20_160; // 20 cylinders of 16 heads and 63 sectors
    private const byte Hard = 0x81;         // behind the machine's own boot sector

    private static readonly byte[] Pattern = [.. Enumerable.Range(0, DiskSectors * 512).Select(i => (byte)(i / 512))];

    [Theory]
    [InlineData(0x0002, 0, 1)]      // cylinder 0, sector 2, head 0
    [InlineData(0x0001, 1, 18)]     // the second head
    [InlineData(0x0101, 0, 36)]     // the second cylinder
    [InlineData(0x4F12, 1, 2879)]   // the last sector
    public void Int1302_Floppy_ReadsTheSectorAtItsAddress(uint cx, uint head, int sector)
    {
        using FirmwareMachine machine = WithFloppy();
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x0201, Ebx = Buffer, Ecx = cx, Edx = head << 8 });
        (after.Carry, after.Ax).Should().Be((false, 0x0001));
        machine.Read(Buffer, 512).Should().Equal(Pattern.AsSpan(512 * sector, 512).ToArray());
    }

    [Theory]
    [InlineData(0x0201, 0x0013, 0x0000, 0x04, 0)]  // sector 19 of 18
    [InlineData(0x0201, 0x0000, 0x0000, 0x04, 0)]  // sectors count from 1
    [InlineData(0x0201, 0x0001, 0x0200, 0x04, 0)]  // head 2
    [InlineData(0x0201, 0x5001, 0x0000, 0x04, 0)]  // cylinder 80
    [InlineData(0x0204, 0x4F11, 0x0100, 0x04, 2)]  // two of four sectors are there
    [InlineData(0x0200, 0x0001, 0x0000, 0x01, 0)]  // no sectors at all
    [InlineData(0x7E00, 0x0001, 0x0000, 0x01, 0)]  // no such function
    [InlineData(0x4100, 0x0001, 0x0000, 0x01, 0)]  // no extensions for floppies
    [InlineData(0x0201, 0x0001, 0x0001, 0x01, 1)]  // no second drive: AL is as it was
    [InlineData(0x0201, 0x0001, 0x0090, 0x01, 1)]  // no such hard disk
    public void Int13_Error_IsInCarryAndAhAndTheDataArea(uint eax, uint ecx, uint edx, byte status, byte al)
    {
        using FirmwareMachine machine = WithFloppy();
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = eax, Ebx = Buffer, Ecx = ecx, Edx = edx });
        (after.Carry, after.Ah, after.Al).Should().Be((true, status, al));
        machine.Read((edx & 0x80) == 0 ? 0x441u : 0x474u, 1).Should().Equal([status]);
        CallRegisters again = machine.Call(0x13, new CallRegisters { Eax = 0x0100, Edx = edx });
        (again.Carry, again.Ah).Should().Be((true, status), "function 01h tells it again");
    }

    [Theory]
    [InlineData(0xF000, 0x0000)] // ROM
    [InlineData(0x9FF0, 0x0000)] // runs into the video memory's hole
    public void Int1302_BufferThatIsNoRam_IsAnErrorAndChangesNothing(ushort segment, ushort offset)
    {
        using FirmwareMachine machine = WithFloppy();
        byte[] before = machine.Read(((ulong)segment << 4) + offset, 256);
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x0210, Es = segment, Ebx = offset, Ecx = 1 });
        (after.Carry, after.Ah).Should().Be((true, 0x08));
        machine.Read(((ulong)segment << 4) + offset, 256).Should().Equal(before);
    }

    [Fact]
    public void Int1303_Written_IsReadBack_AndReadOnlyIsRefused()
    {
        using FirmwareMachine machine = WithFloppy();
        machine.Write(Buffer, [.. Enumerable.Repeat((byte)0xA5, 1024)]);
        machine.Call(0x13, new CallRegisters { Eax = 0x0302, Ebx = Buffer, Ecx = 0x0005 }).Carry.Should().BeFalse();
        machine.Call(0x13, new CallRegisters { Eax = 0x0203, Ebx = 0xB000, Ecx = 0x0004 }).Carry.Should().BeFalse();
        machine.Read(0xB000, 1536).Should().Equal([.. Pattern.AsSpan(512 * 3, 512).ToArray(), .. Enumerable.Repeat((byte)0xA5, 1024)]);

        using var locked = new FirmwareMachine(new BootMedia { Floppies = [new MemoryDisk(new byte[FloppyBytes], readOnly: true)] });
        CallRegisters after = locked.Call(0x13, new CallRegisters { Eax = 0x0301, Ebx = Buffer, Ecx = 1 });
        (after.Carry, after.Ax).Should().Be((true, 0x0300));
    }

    [Fact]
    public void Int1305_FormatsATrackOfAFloppy_ButNoHardDisk()
    {
        using FirmwareMachine machine = WithFloppy();
        machine.Call(0x13, new CallRegisters { Eax = 0x0500, Ecx = 0x0201, Edx = 0x0100 }).Carry.Should().BeFalse();
        machine.Call(0x13, new CallRegisters { Eax = 0x0201, Ebx = Buffer, Ecx = 0x0212, Edx = 0x0100 });
        machine.Read(Buffer, 512).Should().AllBeEquivalentTo((byte)0xF6);
        using FirmwareMachine disk = WithDisk();
        disk.Call(0x13, new CallRegisters { Eax = 0x0500, Ecx = 0x0201, Edx = Hard }).Carry.Should().BeTrue();
    }

    [Theory]
    [InlineData(320, 39, 0, 8, 1)]
    [InlineData(720, 39, 1, 9, 1)]
    [InlineData(1440, 79, 1, 9, 3)]
    [InlineData(2400, 79, 1, 15, 2)]
    [InlineData(2880, 79, 1, 18, 4)]
    [InlineData(5760, 79, 1, 36, 5)]
    public void Int1308_Floppies_AreKnownByTheirSize(int sectors, int lastCylinder, int lastHead, int perTrack, ushort type)
    {
        using var machine = new FirmwareMachine(new BootMedia { Floppies = [new MemoryDisk(new byte[sectors * 512])] });
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x0800 });
        (after.Carry, after.Cx >> 8, after.Cx & 0xFF, after.Dx >> 8, after.Dx & 0xFF, after.Bx).Should().Be((false, lastCylinder, perTrack, lastHead, 1, type));
        machine.Read(((ulong)after.Es << 4) + (ushort)after.Edi, 5)[3].Should().Be(2, "the parameter table says 512 bytes in a sector");
        machine.Call(0x13, 0x1500).Ah.Should().Be(2);
    }

    [Fact]
    public void Int1308And15_HardDisk_TellGeometryAndSize()
    {
        using FirmwareMachine machine = WithDisk();
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x0800, Edx = Hard });
        (after.Carry, after.Cx, after.Dx).Should().Be((false, (19 << 8) | 63, (15 << 8) | 2));
        CallRegisters type = machine.Call(0x13, new CallRegisters { Eax = 0x1500, Edx = Hard });
        (type.Carry, type.Ah, ((uint)type.Cx << 16) | type.Dx).Should().Be((false, 3, (uint)DiskSectors));
        CallRegisters none = machine.Call(0x13, new CallRegisters { Eax = 0x1500, Edx = 0x85 });
        (none.Carry, none.Ah).Should().Be((false, 0));
    }

    [Theory]
    [InlineData(1_000_000L, 992, 16, 63)]
    [InlineData(2_000_000L, 992, 32, 63)]
    [InlineData(4_000_000L, 992, 64, 63)]
    [InlineData(8_000_000L, 992, 128, 63)]
    [InlineData(100_000_000_000L, 1024, 255, 63)]
    [InlineData(5L, 1, 16, 63)]
    public void Int1308_LargeDisks_AreTranslatedBySize(long sectors, int cylinders, int heads, int perTrack)
    {
        var bench = new ServiceBench(new BootMedia { Disks = [new EmptyDisk(sectors)] });
        CallRegisters after = bench.Call(0x13, new CallRegisters { Eax = 0x0800, Edx = 0x80 });
        int last = (after.Cx >> 8) | ((after.Cx & 0xC0) << 2);
        (last + 1, (after.Dx >> 8) + 1, after.Cx & 0x3F).Should().Be((cylinders, heads, perTrack));
    }

    [Fact]
    public void Int1308_PartitionTableMadeForAnotherGeometry_Decides()
    {
        byte[] image = new byte[DiskSectors * 512];
        byte[] entry = [0x80, 1, 1, 0, 0x06, 7, 32, 77, 32, 0, 0, 0, 0xE0, 0x4D, 0, 0]; // ends at head 7, sector 32: 32 + 19936 = 78 * 256
        entry.CopyTo(image, 446);
        image[510] = 0x55;
        image[511] = 0xAA;
        var bench = new ServiceBench(new BootMedia { Disks = [new MemoryDisk(image)] });
        CallRegisters after = bench.Call(0x13, new CallRegisters { Eax = 0x0800, Edx = 0x80 });
        ((after.Dx >> 8) + 1, after.Cx & 0x3F).Should().Be((8, 32));
    }

    [Fact]
    public void Int1341_Extensions_AreThere()
    {
        using FirmwareMachine machine = WithDisk();
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x4100, Ebx = 0x55AA, Edx = Hard });
        (after.Carry, after.Bx, after.Ah, after.Cx & 1).Should().Be((false, 0xAA55, 0x30, 1));
        machine.Call(0x13, new CallRegisters { Eax = 0x4100, Ebx = 0, Edx = Hard }).Carry.Should().BeTrue();
    }

    [Fact]
    public void Int1342_ReadsByNumber_AndTellsHowFarItCame()
    {
        using FirmwareMachine machine = WithDisk();
        machine.Write(0x600, Packet(3, 0x0900_0000, 1000));
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = 0x4200, Esi = 0x600, Edx = Hard });
        (after.Carry, after.Ah).Should().Be((false, 0));
        machine.Read(Buffer, 1536).Should().Equal(Pattern.AsSpan(512 * 1000, 1536).ToArray());

        machine.Write(0x600, Packet(3, 0x0900_0000, DiskSectors - 2));
        after = machine.Call(0x13, new CallRegisters { Eax = 0x4200, Esi = 0x600, Edx = Hard });
        (after.Carry, after.Ah).Should().Be((true, 0x04));
        machine.Read(0x602, 2).Should().Equal([2, 0]);
    }

    [Fact]
    public void Int1342_FlatBufferAddress_ReachesExtendedMemory()
    {
        using FirmwareMachine machine = WithDisk();
        byte[] packet = [.. Packet(200, uint.MaxValue, 7), 0, 0, 0x20, 0, 0, 0, 0, 0];
        packet[0] = 24;
        machine.Write(0x600, packet);
        machine.Call(0x13, new CallRegisters { Eax = 0x4200, Esi = 0x600, Edx = Hard }).Carry.Should().BeFalse();
        machine.Read(0x20_0000, 200 * 512).Should().Equal(Pattern.AsSpan(512 * 7, 200 * 512).ToArray());
    }

    [Theory]
    [InlineData(0x4200, ulong.MaxValue, 0x10, 0x04)]
    [InlineData(0x4300, (ulong)DiskSectors, 0x10, 0x04)]
    [InlineData(0x4400, 0x8000_0000_0000_0000, 0x10, 0x04)]
    [InlineData(0x4200, 0UL, 0x0F, 0x01)] // the packet is too short
    public void Int1342_HostilePacket_IsAnError(uint eax, ulong first, byte length, byte status)
    {
        using FirmwareMachine machine = WithDisk();
        byte[] packet = Packet(0xFFFF, 0x0900_0000, first);
        packet[0] = length;
        machine.Write(0x600, packet);
        CallRegisters after = machine.Call(0x13, new CallRegisters { Eax = eax, Esi = 0x600, Edx = Hard });
        (after.Carry, after.Ah).Should().Be((true, status));
    }

    [Fact]
    public void Int1348_DescribesTheDrive()
    {
        using FirmwareMachine machine = WithDisk();
        machine.Write(0x600, 0x1E, 0);
        machine.Call(0x13, new CallRegisters { Eax = 0x4800, Esi = 0x600, Edx = Hard }).Carry.Should().BeFalse();
        byte[] table = machine.Read(0x600, 0x1E);
        BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(16)).Should().Be(DiskSectors);
        BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(24)).Should().Be(512);
        BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(8)).Should().Be(16);
        machine.Write(0x600, 0x19, 0);
        machine.Call(0x13, new CallRegisters { Eax = 0x4800, Esi = 0x600, Edx = Hard }).Carry.Should().BeTrue("there is no room");
    }

    [Fact]
    public void Int13_HostError_IsADataErrorOrAWriteFault()
    {
        var bench = new ServiceBench(new BootMedia { Disks = [new FailingDisk()] });
        bench.Call(0x13, new CallRegisters { Eax = 0x0201, Ebx = Buffer, Ecx = 1, Edx = 0x80 }).Ah.Should().Be(0x10);
        bench.Call(0x13, new CallRegisters { Eax = 0x0301, Ebx = Buffer, Ecx = 1, Edx = 0x80 }).Ah.Should().Be(0xCC);
    }

    private static byte[] Packet(ushort count, uint buffer, ulong first)
    {
        var packet = new byte[16];
        packet[0] = 16;
        BinaryPrimitives.WriteUInt16LittleEndian(packet.AsSpan(2), count);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(4), buffer);
        BinaryPrimitives.WriteUInt64LittleEndian(packet.AsSpan(8), first);
        return packet;
    }

    private static FirmwareMachine WithFloppy() => new(new BootMedia { Floppies = [new MemoryDisk(Pattern.AsSpan(0, FloppyBytes))] });

    private static FirmwareMachine WithDisk() => new(new BootMedia { Disks = [new MemoryDisk(Pattern)] });

    private sealed class EmptyDisk(long sectors) : IDisk
    {
        public long SectorCount => sectors;

        public bool IsReadOnly => true;

        public DiskResult Read(long sector, Span<byte> destination)
        {
            destination.Clear();
            return DiskResult.Done;
        }

        public DiskResult Write(long sector, ReadOnlySpan<byte> source) => DiskResult.ReadOnly;

        public DiskResult Flush() => DiskResult.Done;
    }

    private sealed class FailingDisk : IDisk
    {
        public long SectorCount => 1000;

        public bool IsReadOnly => false;

        public DiskResult Read(long sector, Span<byte> destination) => DiskResult.HostError;

        public DiskResult Write(long sector, ReadOnlySpan<byte> source) => DiskResult.NoSpace;

        public DiskResult Flush() => DiskResult.Done;
    }
}
