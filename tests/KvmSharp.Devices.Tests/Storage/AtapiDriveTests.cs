using System.Buffers.Binary;
using System.Text;
using static KvmSharp.Devices.Tests.IdeBench;

namespace KvmSharp.Devices.Tests;

public sealed class AtapiDriveTests
{
    private const int Ready = 0x50;
    private const int Drq = 0x58;
    private const int Failed = 0x51;
    private const int Blocks = 40;

    private readonly MemoryDisk _disc = new(4 * Blocks);
    private readonly AtapiDrive _drive;
    private readonly IdeBench _ide = new();

    public AtapiDriveTests()
    {
        _drive = new AtapiDrive(_disc);
        _ide.Ide.Primary.Attach(0, _drive);
    }

    private byte[] Expected(int block, int count) => [.. Enumerable.Range(4 * block, 4 * count).SelectMany(s => _disc.Sector(s).ToArray())];

    /// <summary>Sends a packet and reads what comes, DRQ block by DRQ block, as a driver's interrupt handler does.</summary>
    private byte[] Ask(byte[] packet, int limit = 0xFFFE)
    {
        var data = new List<byte>();
        _ide.Packet(packet, limit);
        while ((_ide.In(Status) & 8) != 0)
        {
            (_ide.In(Count) & 3).Should().Be(2, "data to the host");
            data.AddRange(_ide.ReadData(_ide.ByteCount));
        }

        (_ide.In(Count) & 3).Should().Be(3, "the command is over");
        return [.. data];
    }

    private (int Key, int Code) Sense()
    {
        byte[] sense = Ask([0x03, 0, 0, 0, 18]);
        sense.Should().HaveCount(18);
        return (sense[2], (sense[12] << 8) | sense[13]);
    }

    [Fact]
    public void PowerOn_Registers_HoldTheSignatureOfAPacketDrive() =>
        (_ide.In(Status), _ide.In(Error), _ide.In(Count), _ide.In(LbaLow), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((0, 1, 1, 1, 0x14, 0xEB));

    [Fact]
    public void IdentifyDevice_AbortsWithTheSignature()
    {
        _ide.Out(Command, 0xEC);
        (_ide.In(Status) & 0x89, _ide.In(Error), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((1, 4, 0x14, 0xEB));
    }

    [Fact]
    public void IdentifyPacketDevice_Words_DescribeTheDrive()
    {
        ushort[] words = _ide.Identify(0xA1);
        words[0].Should().Be(0x85C0);
        string model = string.Concat(words[27..47].SelectMany(w => new[] { (char)(w >> 8), (char)(w & 0xFF) }));
        model.TrimEnd().Should().Be("KvmSharp CD-ROM");
        (words[82] & 0x0210).Should().Be(0x0210);
        _ide.In(Status).Should().Be(Ready);
    }

    [Fact]
    public void Packet_Phases_ShowInTheInterruptReason()
    {
        _ide.Out(LbaMid, 0xFE);
        _ide.Out(LbaHigh, 0xFF);
        _ide.Out(Command, 0xA0);
        (_ide.In(Status), _ide.In(Count) & 3).Should().Be((Drq, 1));
        _ide.Irq14.Level.Should().BeFalse("the packet is asked for without an interrupt");

        _ide.WriteData(new byte[12]); // TEST UNIT READY

        _ide.Irq14.Level.Should().BeTrue();
        (_ide.In(Status), _ide.In(Count) & 3).Should().Be((Ready, 3));
    }

    [Fact]
    public void Inquiry_Answer_IsACdRom()
    {
        byte[] answer = Ask([0x12, 0, 0, 0, 96]);
        answer.Should().HaveCount(36);
        (answer[0], answer[1]).Should().Be(((byte)5, (byte)0x80));
        Encoding.ASCII.GetString(answer[8..32]).Should().Be("KvmSharpCD-ROM          ");
        Ask([0x12, 0, 0, 0, 5]).Should().HaveCount(5, "no more than the host takes");
    }

    [Fact]
    public void ReadCapacity_IsTheLastBlock()
    {
        byte[] answer = Ask([0x25]);
        (BinaryPrimitives.ReadUInt32BigEndian(answer), BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(4))).Should().Be((Blocks - 1u, 2048u));
    }

    [Theory]
    [InlineData(2048, 30)]
    [InlineData(0xFFFE, 1)] // more than the buffer holds
    [InlineData(0xFFFF, 1)]
    [InlineData(3000, 21)]
    [InlineData(511, 121)] // odd limits are rounded down
    public void Read10_ByteCountLimit_CutsTheData(int limit, int drqBlocks)
    {
        int before = _ide.Irq14.Rises;
        Ask([0x28, 0, 0, 0, 0, 5, 0, 0, 30], limit).Should().Equal(Expected(5, 30));
        (_ide.Irq14.Rises - before).Should().Be(drqBlocks + 1, "each DRQ block and the end interrupt");
    }

    [Fact]
    public void Read12_Data_AreTheSame() => Ask([0xA8, 0, 0, 0, 0, 7, 0, 0, 0, 2]).Should().Equal(Expected(7, 2));

    [Fact]
    public void Read10_NoBlocks_Ends() => Ask([0x28, 0, 0, 0, 0, 5, 0, 0, 0]).Should().BeEmpty();

    [Fact]
    public void Read10_NoByteCount_Aborts()
    {
        _ide.Packet([0x28, 0, 0, 0, 0, 5, 0, 0, 1], limit: 0);
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 4));
    }

    [Fact]
    public void Read10_Dma_GoesToMemory()
    {
        _ide.Packet([0x28, 0, 0, 0, 0, 1, 0, 0, 35], dma: true);
        _ide.StartBusMaster(toMemory: true, (0x2_0000, 0), (0x3_0000, 3 * 2048 | 0x8000_0000));
        _ide.Irq14.Level.Should().BeTrue();
        (_ide.In(Status), _ide.In(Count) & 3, _ide.In(BusMasterStatus)).Should().Be((Ready, 3, 4));
        _ide.Ram.At(0x2_0000, 35 * 2048).ToArray().Should().Equal(Expected(1, 35));
    }

    [Fact]
    public void Inquiry_Dma_ShortAnswerEndsTheTransfer()
    {
        _ide.Packet([0x12, 0, 0, 0, 36], dma: true);
        _ide.StartBusMaster(toMemory: true, (0x2_0000, 2048 | 0x8000_0000));
        (_ide.In(Status), _ide.In(BusMasterStatus)).Should().Be((Ready, 5));
        Encoding.ASCII.GetString(_ide.Ram.At(0x2_0008, 8)).Should().Be("KvmSharp");
    }

    [Fact]
    public void Read10_BeyondTheEnd_IsIllegal()
    {
        Ask([0x28, 0, 0, 0, 0, Blocks - 1, 0, 0, 2]).Should().BeEmpty();
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 0x54));
        Sense().Should().Be((5, 0x2100));
        Sense().Should().Be((0, 0), "sense data are told once");
    }

    [Fact]
    public void Read10_HostFailsWithinADrqBlock_ZerosThenAnError()
    {
        _disc.BadSector = 4 * 10;
        byte[] data = Ask([0x28, 0, 0, 0, 0, 2, 0, 0, 20]);
        data.Should().HaveCount(20 * 2048, "the byte count had been promised");
        data[..(8 * 2048)].Should().Equal(Expected(2, 8));
        (_ide.In(Status), _ide.In(Error)).Should().Be((Failed, 0x30));
        Sense().Should().Be((3, 0x1100));
    }

    [Fact]
    public void Read10_HostFailsAtOnce_HasNoData()
    {
        _disc.BadSector = 8;
        Ask([0x28, 0, 0, 0, 0, 2, 0, 0, 1]).Should().BeEmpty();
        Sense().Should().Be((3, 0x1100));
    }

    [Fact]
    public void Disc_OddSectors_EndsWithZeros()
    {
        var disc = new MemoryDisk(5);
        _drive.ChangeMedium(disc);
        Ask([0x00]);
        byte[] data = Ask([0x28, 0, 0, 0, 0, 1, 0, 0, 1]);
        data[..512].Should().Equal(disc.Sector(4).ToArray());
        data[512..].Should().OnlyContain(b => b == 0);
    }

    [Fact]
    public void Command_Unknown_IsIllegal()
    {
        Ask([0xFE]);
        _ide.In(Error).Should().Be(0x54);
        Sense().Should().Be((5, 0x2000));
    }

    [Fact]
    public void ChangeMedium_NextCommand_GetsAUnitAttention()
    {
        _drive.ChangeMedium(null);
        Ask([0x00]);
        _ide.In(Error).Should().Be(0x20);
        Sense().Should().Be((2, 0x3A01));

        _drive.ChangeMedium(new MemoryDisk(400));
        Ask([0x12, 0, 0, 0, 36]).Should().HaveCount(36, "INQUIRY comes before it");
        Ask([0x00]);
        _ide.In(Error).Should().Be(0x60);
        Sense().Should().Be((6, 0x2800));
        Ask([0x25])[3].Should().Be(99);
    }

    [Fact]
    public void EventStatus_ChangedMedium_IsToldOnce()
    {
        byte[] poll = [0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8];
        _drive.ChangeMedium(new MemoryDisk(400));
        Ask(poll).Should().Equal(0, 6, 4, 0x10, 2, 2, 0, 0);
        Ask(poll).Should().Equal(0, 6, 4, 0x10, 0, 2, 0, 0);
        Ask([0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8]).Should().BeEmpty();
        Sense().Should().Be((5, 0x2400), "there are only polls");
        Sense().Should().Be((6, 0x2800), "the unit attention still waits");
    }

    [Fact]
    public void StartStop_Tray_OpensUnlessLocked()
    {
        Ask([0x1E, 0, 0, 0, 1]);
        _drive.IsLocked.Should().BeTrue();
        Ask([0x1B, 0, 0, 0, 2]);
        Sense().Should().Be((5, 0x5302));

        Ask([0x1E, 0, 0, 0, 0]);
        Ask([0x1B, 0, 0, 0, 2]);
        _ide.In(Status).Should().Be(Ready);
        Ask([0x00]);
        Sense().Should().Be((2, 0x3A02));
        Ask([0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8])[1].Should().Be(0x10);

        Ask([0x1B, 0, 0, 0, 3]);
        Ask([0x00]);
        Sense().Should().Be((6, 0x2800));
        Ask([0x00]);
        _ide.In(Status).Should().Be(Ready);
    }

    [Fact]
    public void ReadToc_Tracks_AreOneAndTheLeadOut()
    {
        byte[] both = Ask([0x43, 0, 0, 0, 0, 0, 0, 0, 255]);
        both.Should().Equal(0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 0, Blocks);
        Ask([0x43, 2, 0, 0, 0, 0, 0xAA, 0, 255]).Should().Equal(0, 10, 1, 1, 0, 0x14, 0xAA, 0, 0, 0, 2, Blocks); // 150 frames are 2 seconds
        Ask([0x43, 0, 0, 0, 0, 0, 2, 0, 255]).Should().BeEmpty("there is no track 2");
        Sense().Should().Be((5, 0x2400));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 0x40)] // where SFF-8020i has the format
    public void ReadToc_Sessions_IsOne(int format, int control) =>
        Ask([0x43, 0, (byte)format, 0, 0, 0, 0, 0, 255, (byte)control]).Should().Equal(0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0);

    [Fact]
    public void ReadToc_Full_HasFourPoints()
    {
        byte[] toc = Ask([0x43, 2, 2, 0, 0, 0, 0, 0, 255]);
        toc.Should().HaveCount(4 + (4 * 11));
        toc[4..15].Should().Equal(1, 0x14, 0, 0xA0, 0, 0, 0, 0, 1, 0, 0); // the first track is 1
        toc[26..37].Should().Equal(1, 0x14, 0, 0xA2, 0, 0, 0, 0, 0, 2, Blocks); // the lead-out, in minutes, seconds and frames
        toc[37..48].Should().Equal(1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0);
    }

    [Fact]
    public void ModeSense_Capabilities_InBothForms()
    {
        byte[] ten = Ask([0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 255]);
        (ten.Length, ten[1], ten[8], ten[9]).Should().Be((28, (byte)26, (byte)0x2A, (byte)18));
        byte[] six = Ask([0x1A, 0, 0x3F, 0, 255]);
        (six.Length, six[0], six[4], six[12]).Should().Be((4 + 8 + 20, (byte)31, (byte)0x01, (byte)0x2A));
        Ask([0x5A, 0, 0xEA, 0, 0, 0, 0, 0, 255]).Should().BeEmpty();
        Sense().Should().Be((5, 0x3900), "saved values");
        Ask([0x5A, 0, 0x0D, 0, 0, 0, 0, 0, 255]).Should().BeEmpty();
        Sense().Should().Be((5, 0x2400));
    }

    [Fact]
    public void GetConfiguration_Profile_IsThatOfTheMedium()
    {
        byte[] all = Ask([0x46, 0, 0, 0, 0, 0, 0, 1, 0]);
        BinaryPrimitives.ReadUInt32BigEndian(all).Should().Be((uint)all.Length - 4);
        all[7].Should().Be(8, "CD-ROM");
        Ask([0x46, 2, 0, 0x1E, 0, 0, 0, 1, 0]).Should().HaveCount(8 + 8);
        _drive.ChangeMedium(null);
        Ask([0x46, 0, 0, 0, 0, 0, 0, 1, 0])[7].Should().Be(0);
    }

    [Fact]
    public void DiscInformation_IsAFinishedDisc() => Ask([0x51, 0, 0, 0, 0, 0, 0, 0, 34])[..7].Should().Equal(0, 32, 0x0E, 1, 1, 1, 1);

    [Fact]
    public void DeviceReset_WithinData_FreesTheDrive()
    {
        _ide.Packet([0x28, 0, 0, 0, 0, 5, 0, 0, 30]);
        _ide.In(Status).Should().Be(Drq);
        _ide.Out(Command, 0x08);
        (_ide.In(Status), _ide.In(LbaMid), _ide.In(LbaHigh)).Should().Be((0, 0x14, 0xEB));
        Ask([0x00]);
        _ide.In(Status).Should().Be(Ready);
    }

    [Fact]
    public void State_WithinADrqBlock_ContinuesInAnotherDrive()
    {
        _ide.Packet([0x28, 0, 0, 0, 0, 5, 0, 0, 30]);
        byte[] first = _ide.ReadData(10_000);
        var other = new IdeBench();
        other.Ide.Primary.Attach(0, new AtapiDrive(_disc));
        other.Load(_ide.Save());
        first.Concat(other.ReadData((30 * 2048) - 10_000)).Should().Equal(Expected(5, 30));
        other.In(Status).Should().Be(Ready);
    }
}
