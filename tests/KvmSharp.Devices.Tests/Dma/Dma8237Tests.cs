namespace KvmSharp.Devices.Tests;

public sealed class Dma8237Tests : StatefulContract<Dma8237, Dma8237State>
{
    private const int Status = 8;
    private const int Command = 8;
    private const int SingleMask = 10;
    private const int Mode = 11;
    private const int ClearFlipFlop = 12;
    private const int MasterClear = 13;
    private const int ClearMask = 14;
    private const int AllMask = 15;

    private readonly GuestRam _ram = new(1 << 20);
    private readonly IsaDma _dma;

    public Dma8237Tests()
    {
        _dma = new IsaDma(_ram);
    }

    protected override int Ports => 16;

    internal override Bench Make() => new(new Dma8237(), new ManualClock());

    internal override void Disturb(Bench bench)
    {
        bench.Part.OutAll(4, 0x34, 0x12);
        bench.Part.Out(5, 0x55);
        bench.Part.Out(Mode, 0x46);
        bench.Part.Out(SingleMask, 2);
    }

    /// <summary>Sets channel 2 up as a BIOS does.</summary>
    private void SetUp(int address, int count, int mode)
    {
        _dma.First.Out(SingleMask, 6);
        _dma.First.Out(ClearFlipFlop, 0);
        _dma.First.Out(Mode, mode | 2);
        _dma.First.OutAll(4, (byte)address, (byte)(address >> 8));
        _dma.First.OutAll(5, (byte)(count - 1), (byte)((count - 1) >> 8));
        _dma.Pages.Out(1, address >> 16);
        _dma.First.Out(SingleMask, 2);
    }

    private int Read16(int port) => _dma.First.In(port) | (_dma.First.In(port) << 8);

    private static byte[] Bytes(int count) => [.. Enumerable.Range(1, count).Select(i => (byte)i)];

    [Fact]
    public void AddressAndCount_FlipFlop_LowByteFirst()
    {
        _dma.First.OutAll(2, 0x34, 0x12);
        Read16(2).Should().Be(0x1234);
        _dma.First.In(2).Should().Be(0x34);
        _dma.First.Out(ClearFlipFlop, 0);
        _dma.First.In(2).Should().Be(0x34);
        _dma.First.Out(MasterClear, 0);
        _dma.First.In(2).Should().Be(0x34, "registers outlive a master clear");
    }

    [Fact]
    public void ToMemory_Single_CountsAndStopsAtTerminalCount()
    {
        SetUp(0x3_4500, 10, 0x44);

        _dma.Channel(2).ToMemory(Bytes(6), out bool terminalCount).Should().Be(6);
        terminalCount.Should().BeFalse();
        (Read16(4), Read16(5)).Should().Be((0x4506, 3));
        _dma.Channel(2).ToMemory(Bytes(6), out terminalCount).Should().Be(4, "the rest of the count");
        terminalCount.Should().BeTrue();

        _ram.At(0x3_4500, 11).ToArray().Should().Equal(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 0);
        Read16(5).Should().Be(0xFFFF);
        (_dma.First.In(Status), _dma.First.In(Status)).Should().Be((0x04, 0x00), "reading clears it");
        _dma.Channel(2).ToMemory(Bytes(1), out _).Should().Be(0, "the channel is masked now");
        _dma.First.In(AllMask).Should().Be(0xFF);
    }

    [Fact]
    public void FromMemory_AutoInitialize_StartsAgain()
    {
        Bytes(4).CopyTo(_ram.At(0x1_0000, 4));
        SetUp(0x1_0000, 4, 0x58);
        byte[] data = new byte[4];
        for (int round = 0; round < 2; round++)
        {
            _dma.Channel(2).FromMemory(data, out bool terminalCount).Should().Be(4);
            terminalCount.Should().BeTrue();
            data.Should().Equal(1, 2, 3, 4);
        }
    }

    [Fact]
    public void ToMemory_Decrement_GoesDown()
    {
        SetUp(0x2_0003, 4, 0x64);
        _dma.Channel(2).ToMemory(Bytes(4), out _).Should().Be(4);
        _ram.At(0x2_0000, 4).ToArray().Should().Equal(4, 3, 2, 1);
    }

    [Fact]
    public void ToMemory_EndOfPage_Wraps()
    {
        SetUp(0x2_FFFE, 4, 0x44);
        _dma.Channel(2).ToMemory(Bytes(4), out _).Should().Be(4);
        _ram.At(0x2_FFFE, 4).ToArray().Should().Equal(1, 2, 0, 0);
        _ram.At(0x2_0000, 2).ToArray().Should().Equal(3, 4);
    }

    [Fact]
    public void Verify_Counts_WithoutMemory()
    {
        SetUp(0x2_0000, 4, 0x40);
        _dma.Channel(2).ToMemory(Bytes(4), out bool terminalCount).Should().Be(4);
        terminalCount.Should().BeTrue();
        _ram.At(0x2_0000, 1)[0].Should().Be(0);
    }

    [Theory]
    [InlineData(0x48, 0)]    // memory to device
    [InlineData(0xC4, 0)]    // cascade
    [InlineData(0x44, 0x04)] // the controller is disabled
    public void ToMemory_NotSetUpForIt_MovesNothing(int mode, int command)
    {
        SetUp(0x2_0000, 4, mode);
        _dma.First.Out(Command, command);
        _dma.Channel(2).ToMemory(Bytes(4), out bool terminalCount).Should().Be(0);
        terminalCount.Should().BeFalse();
    }

    [Fact]
    public void NoMemory_ReadsAsOnesAndLosesWrites()
    {
        SetUp(0xFF_0000, 4, 0x48);
        byte[] data = new byte[4];
        _dma.Channel(2).FromMemory(data, out bool terminalCount).Should().Be(4);
        terminalCount.Should().BeTrue();
        data.Should().OnlyContain(b => b == 0xFF);
    }

    [Fact]
    public void SecondChip_Words_AreTwiceTheAddress()
    {
        _dma.Second.Out(SingleMask << 1, 1);
        _dma.Second.Out(Mode << 1, 0x45);
        _dma.Second.OutAll(2 << 1, 0x00, 0x01); // word 100h
        _dma.Second.OutAll(3 << 1, 0x01, 0x00); // two words
        _dma.Pages.Out(0xB, 0x05); // bit 0 is not used
        _dma.Channel(5).ToMemory(Bytes(6), out bool terminalCount).Should().Be(4);
        terminalCount.Should().BeTrue();
        _ram.At(0x4_0200, 5).ToArray().Should().Equal(1, 2, 3, 4, 0);
    }

    [Theory]
    [InlineData(0, 0x7)]
    [InlineData(1, 0x3)]
    [InlineData(2, 0x1)]
    [InlineData(3, 0x2)]
    public void Pages_EachChannel_HasItsOwn(int channel, int page)
    {
        _dma.Pages.Out(page, 0x0A);
        _dma.First.Out(Mode, 0x44 | channel);
        _dma.First.OutAll((2 * channel) + 1, 0, 0);
        _dma.First.Out(ClearMask, 0);
        _dma.Channel(channel).ToMemory([0x77], out _).Should().Be(1);
        _ram.At(0xA_0000, 1)[0].Should().Be(0x77);
        _dma.Pages.In(page).Should().Be(0x0A);
    }

    [Fact]
    public void State_OfAll_ComesBack()
    {
        SetUp(0x3_4500, 10, 0x44);
        _dma.Second.Out(Mode << 1, 0xC0);
        var other = new IsaDma(_ram);
        other.Load(_dma.Save());
        StateBytes.Of(other.Save()).Should().Equal(StateBytes.Of(_dma.Save()));
        other.Channel(2).ToMemory(Bytes(1), out _).Should().Be(1);
        _ram.At(0x3_4500, 1)[0].Should().Be(1);
        other.Reset();
        StateBytes.Of(other.Save()).Should().Equal(StateBytes.Of(new IsaDma(_ram).Save()));
    }
}
