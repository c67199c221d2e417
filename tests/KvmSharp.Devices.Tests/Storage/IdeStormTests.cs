using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using static KvmSharp.Devices.Tests.IdeBench;

namespace KvmSharp.Devices.Tests;

/// <summary>Hostile drivers: real commands in any order, with memory full of chance.</summary>
public sealed class IdeStormTests
{
    private const int RamBytes = 1 << 18;
    private static readonly byte[] Commands =
    [
        0x20, 0x24, 0x25, 0x27, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x42, 0x70, 0x90, 0x91, 0xA0, 0xA0, 0xA0, 0xA1, 0xC4, 0xC5, 0xC6, 0xC8, 0xCA,
        0xE0, 0xE5, 0xE7, 0xEA, 0xEC, 0xEF, 0xF8, 0x08, 0x10, 0xC8, 0xCA,
    ];

    private static readonly byte[] Packets = [0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2B, 0x43, 0x46, 0x4A, 0x51, 0x5A, 0xA8, 0xBD, 0xFF];

    [Fact]
    public void Storm_AnyCommands_AreBoundedAndNeverThrow() => Prop.ForAll(Storms.Arbitrary, storm =>
    {
        var ram = new GuestRam(RamBytes);
        FillWithChance(ram, storm.Length == 0 ? 1 : storm[0]);
        var disk = new MemoryDisk(4000) { BadSector = 777 };
        var ide = new IdeBench(ram);
        ide.Ide.Primary.Attach(0, new AtaDrive(disk));
        ide.Ide.Primary.Attach(1, new AtapiDrive(new MemoryDisk(401)));
        foreach (uint step in storm)
        {
            Act(ide, step);
            int status = ide.In(Control);
            (status & 0x88).Should().NotBe(0x88, "BSY and DRQ are not set together");
            if ((status & 0x01) != 0)
            {
                ide.In(Error).Should().NotBe(0, "an error has a reason");
            }
        }

        ide.Out(Control, 4);
        ide.Out(Control, 0);
        ide.Out(Device, 0xA0);
        ide.Identify()[0].Should().Be(0x40, "a reset brings the drive back");
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void Act(IdeBench ide, uint step)
    {
        uint value = step >> 8;
        switch (step & 0xF)
        {
            case < 3:
                ide.Out(Command, Commands[value % (uint)Commands.Length]);
                break;
            case 3:
                ide.Start28(Commands[value % (uint)Commands.Length], (value >> 4) % 4100, (int)(value >> 16), 0xE0 | (int)(value & 0x10));
                break;
            case 4:
                ide.Start48(Commands[value % (uint)Commands.Length], (value >> 4) % 4100, (int)(value % 5000));
                break;
            case 5:
                ide.Packet([Packets[value % (uint)Packets.Length], .. BitConverter.GetBytes(step * 7), .. BitConverter.GetBytes(step * 0x9E3779B1u), 0, (byte)value],
                    (int)(value & 0xFFFF), (value & 1) != 0);
                break;
            case 6:
                ide.WritePort(BusMasterTable, 4, value % RamBytes);
                break;
            case 7 or 8:
                ide.Out(BusMasterCommand, (int)(value & 9));
                break;
            case 9 or 10:
                ide.ReadData((int)(value % 3000), 4);
                break;
            case 11:
                ide.WriteData(new byte[value % 3000 & ~1]);
                break;
            case 12:
                ide.Out(Control, (int)(value & 0x86));
                break;
            case 13:
                ide.In((int)(value % 48));
                break;
            default:
                ide.Out((int)(value % 7), (byte)(value >> 8));
                break;
        }
    }

    private static void FillWithChance(GuestRam ram, uint seed)
    {
        Span<byte> bytes = ram.At(0, RamBytes);
        for (int i = 0; i < RamBytes; i += 4)
        {
            seed = (seed * 1_664_525) + 1_013_904_223;
            // Half of the words are small, so that many descriptors have addresses within memory.
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], (seed & 0x100) == 0 ? seed >> 14 : seed);
        }
    }
}
