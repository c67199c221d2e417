namespace KvmSharp.Devices.Tests;

public sealed class Uart16550Tests : StatefulContract<Uart16550, Uart16550State>
{
    private const int Data = 0;
    private const int Ier = 1;
    private const int Iir = 2;
    private const int Fcr = 2;
    private const int Lcr = 3;
    private const int Mcr = 4;
    private const int Lsr = 5;
    private const int Msr = 6;
    private const int Scr = 7;
    private const byte DtrRtsOut2 = 0x0B;

    private readonly ManualClock _clock = new();
    private readonly Wire _irq = new();
    private readonly Line _line = new();
    private readonly Uart16550 _uart;

    public Uart16550Tests()
    {
        _uart = new Uart16550(_irq, _line, _clock);
        _uart.Out(Mcr, DtrRtsOut2);
    }

    protected override int Ports => 8;

    internal override Bench Make()
    {
        var clock = new ManualClock();
        var wire = new Wire();
        return new Bench(new Uart16550(wire, new Line(), clock), clock, wire);
    }

    internal override void Disturb(Bench bench)
    {
        Uart16550 uart = bench.Part;
        uart.Out(Fcr, 0xC1);
        uart.Out(Ier, 0x0F);
        uart.Out(Mcr, DtrRtsOut2);
        uart.Out(Lcr, 0x03);
        uart.Out(Scr, 0x77);
        uart.TryReceive(0x41).Should().BeTrue();
    }

    internal override void Host(Uart16550 part, byte value) => part.TryReceive(value);

    private void Receive(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _uart.TryReceive((byte)(0x40 + i)).Should().BeTrue();
        }
    }

    private void EnableFifos(int trigger = 0)
    {
        _uart.Out(Fcr, 0x07 | (trigger << 6));
        _uart.In(Lsr);
    }

    [Fact]
    public void PowerOn_Registers_AreThoseOfMasterReset()
    {
        Uart16550 uart = Make().Part;
        Enumerable.Range(1, 7).Select(uart.In).Should().Equal(0x00, 0x01, 0x00, 0x00, 0x60, 0xB0, 0x00);
    }

    [Fact]
    public void Thr_Write_TransmitsAndStaysEmpty()
    {
        _uart.OutAll(Data, 0x48, 0x69);
        _line.Sent.Should().Equal(0x48, 0x69);
        _uart.In(Lsr).Should().Be(0x60);
    }

    [Fact]
    public void Dlab_Set_TurnsOffsetsZeroAndOneIntoTheDivisor()
    {
        _uart.Out(Lcr, 0x83);
        (_uart.In(Data), _uart.In(Ier)).Should().Be((12, 0));
        _uart.Out(Data, 0x34);
        _uart.Out(Ier, 0x12);
        (_uart.In(Data), _uart.In(Ier)).Should().Be((0x34, 0x12));
        _uart.Out(Lcr, 0x03);
        _uart.In(Ier).Should().Be(0);
        _line.Sent.Should().BeEmpty();
    }

    [Fact]
    public void Registers_UnusedBits_ReadZero()
    {
        _uart.Out(Ier, 0xFF);
        _uart.Out(Mcr, 0xEF);
        (_uart.In(Ier), _uart.In(Mcr)).Should().Be((0x0F, 0x0F));
    }

    [Fact]
    public void Scr_Write_ReadsBack()
    {
        _uart.Out(Scr, 0xA5);
        _uart.In(Scr).Should().Be(0xA5);
    }

    [Fact]
    public void LsrAndMsr_Write_ChangesNothing()
    {
        _uart.Out(Lsr, 0xFF);
        _uart.Out(Msr, 0xFF);
        (_uart.In(Lsr), _uart.In(Msr)).Should().Be((0x60, 0xB0));
    }

    [Fact]
    public void ReceiverRoom_BeforeTheGuestLooks_IsZero()
    {
        (_uart.ReceiverRoom, _uart.TryReceive(1)).Should().Be((0, false));
        _uart.In(Lsr).Should().Be(0x60);
        (_uart.ReceiverRoom, _line.Ready).Should().Be((1, 1));
        _uart.Out(Fcr, 0x07);
        _uart.ReceiverRoom.Should().Be(0, "a driver that clears the FIFO is still setting up");
        _uart.Out(Ier, 0x01);
        (_uart.ReceiverRoom, _line.Ready).Should().Be((16, 2));
    }

    [Fact]
    public void Rbr_CharacterMode_HoldsOneByte()
    {
        _uart.In(Lsr);
        Receive(1);
        (_uart.ReceiverRoom, _uart.TryReceive(9)).Should().Be((0, false));
        _uart.In(Lsr).Should().Be(0x61);
        int ready = _line.Ready;
        _uart.In(Data).Should().Be(0x40);
        _uart.In(Lsr).Should().Be(0x60);
        _line.Ready.Should().Be(ready + 1);
    }

    [Fact]
    public void ReceiverReady_FeedsMore_FromInsideTheCall()
    {
        _line.OnReady = () => _uart.TryReceive(0x99);
        _uart.In(Lsr);
        _uart.In(Data).Should().Be(0x99);
        _uart.In(Data).Should().Be(0x99);
    }

    [Fact]
    public void Fifo_SixteenBytes_KeepTheirOrder()
    {
        EnableFifos();
        Receive(16);
        _uart.TryReceive(0).Should().BeFalse();
        Enumerable.Range(0, 16).Select(_ => _uart.In(Data)).Should().Equal(Enumerable.Range(0x40, 16).Select(i => (byte)i));
        _uart.In(Lsr).Should().Be(0x60);
    }

    [Fact]
    public void Fcr_Enable_ShowsInIir()
    {
        EnableFifos();
        _uart.In(Iir).Should().Be(0xC1);
        _uart.Out(Fcr, 0xC0); // without the enable bit nothing else is programmed
        _uart.In(Iir).Should().Be(0x01);
    }

    [Theory]
    [InlineData(0x03)] // clear the receiver
    [InlineData(0x00)] // turn the FIFOs off
    public void Fcr_ClearOrToggle_EmptiesTheReceiver(byte value)
    {
        EnableFifos();
        Receive(3);
        _uart.Out(Fcr, value);
        _uart.In(Lsr).Should().Be(0x60);
    }

    [Fact]
    public void Fcr_ClearTransmitterOnly_KeepsTheReceiver()
    {
        EnableFifos();
        Receive(3);
        _uart.Out(Fcr, 0x05);
        _uart.In(Lsr).Should().Be(0x61);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4)]
    [InlineData(2, 8)]
    [InlineData(3, 14)]
    public void ReceivedData_TriggerLevel_RaisesAndFallsBelow(int trigger, int level)
    {
        EnableFifos(trigger);
        _uart.Out(Ier, 0x01);
        Receive(level - 1);
        _irq.Level.Should().BeFalse();
        Receive(1);
        _irq.Level.Should().BeTrue();
        _uart.In(Iir).Should().Be(0xC4);
        _uart.In(Data);
        _irq.Level.Should().BeFalse();
    }

    [Fact]
    public void CharacterTimeout_FourCharactersAfterTheLastByte_Interrupts()
    {
        EnableFifos(trigger: 3);
        _uart.Out(Lcr, 0x03); // 10 bits a character, 9600 baud: 4 characters take 4166.66 microseconds
        _uart.Out(Ier, 0x01);
        Receive(1);
        _clock.AdvanceBy(4_000_000);
        Receive(1);
        _clock.AdvanceBy(4_166_665);
        _irq.Level.Should().BeFalse();
        _clock.AdvanceBy(1);
        _irq.Level.Should().BeTrue();
        _uart.In(Iir).Should().Be(0xCC);
    }

    [Fact]
    public void CharacterTimeout_Read_TakesItBackAndStartsAgain()
    {
        EnableFifos(trigger: 3);
        _uart.Out(Ier, 0x01);
        Receive(2);
        _clock.AdvanceBy(10_000_000);
        _uart.In(Data);
        _irq.Level.Should().BeFalse();
        _clock.AdvanceBy(10_000_000);
        _uart.In(Iir).Should().Be(0xCC);
        _uart.In(Data);
        _clock.AnyArmed.Should().BeFalse();
        _irq.Level.Should().BeFalse();
    }

    [Fact]
    public void CharacterTimeout_InterruptEnabledLater_IsThereAtOnce()
    {
        EnableFifos(trigger: 3);
        Receive(1);
        _clock.AnyArmed.Should().BeFalse("nobody would see it");
        _clock.AdvanceBy(10_000_000);
        _uart.Out(Ier, 0x01);
        _uart.In(Iir).Should().Be(0xCC);
    }

    [Fact]
    public void TransmitterEmpty_Enabled_InterruptsAtOnceAndIirTakesItBack()
    {
        _uart.Out(Ier, 0x02);
        _irq.Level.Should().BeTrue();
        _uart.In(Iir).Should().Be(0x02);
        _irq.Level.Should().BeFalse();
        _uart.In(Iir).Should().Be(0x01);
        _uart.Out(Ier, 0x02);
        _irq.Level.Should().BeFalse("it was enabled before");
    }

    [Fact]
    public void TransmitterEmpty_EachWrite_IsANewEdge()
    {
        _uart.Out(Ier, 0x02);
        int rises = _irq.Rises;
        _uart.OutAll(Data, 1, 2);
        _irq.Rises.Should().Be(rises + 2);
    }

    [Fact]
    public void TransmitterEmpty_HiddenBehindAnother_SurvivesIirRead()
    {
        _uart.Out(Ier, 0x03);
        Receive(1);
        _uart.In(Iir).Should().Be(0x04);
        _uart.In(Data);
        _uart.In(Iir).Should().Be(0x02);
    }

    [Fact]
    public void TransmitterEmpty_DisabledAndEnabled_InterruptsAgain()
    {
        _uart.Out(Ier, 0x02);
        _uart.In(Iir);
        _uart.Out(Ier, 0x00);
        _uart.Out(Ier, 0x02);
        _uart.In(Iir).Should().Be(0x02);
    }

    [Fact]
    public void ModemStatus_Deltas_InterruptUntilMsrIsRead()
    {
        _uart.Out(Ier, 0x08);
        _uart.Out(Mcr, 0x10); // loopback with all outputs off: CTS, DSR and DCD fall
        _uart.In(Iir).Should().Be(0x00);
        _uart.Out(Mcr, DtrRtsOut2);
        _irq.Level.Should().BeTrue();
        _uart.In(Msr).Should().Be(0xBB);
        _uart.In(Msr).Should().Be(0xB0);
        _irq.Level.Should().BeFalse();
    }

    [Theory]
    [InlineData(0x01, 0x20)] // DTR to DSR
    [InlineData(0x02, 0x10)] // RTS to CTS
    [InlineData(0x04, 0x40)] // OUT1 to RI
    [InlineData(0x08, 0x80)] // OUT2 to DCD
    public void Loopback_ModemOutputs_AreTheInputs(byte output, byte input)
    {
        _uart.Out(Mcr, 0x10 | output);
        (_uart.In(Msr) & 0xF0).Should().Be(input);
    }

    [Fact]
    public void Loopback_RingEnds_SetsTrailingEdge()
    {
        _uart.Out(Mcr, 0x14);
        _uart.In(Msr).Should().Be(0x4B, "the beginning of ringing is no event");
        _uart.Out(Mcr, 0x10);
        _uart.In(Msr).Should().Be(0x04);
    }

    [Fact]
    public void Loopback_SentByte_ComesBackAndNotOut()
    {
        _uart.Out(Mcr, 0x1F);
        _uart.Out(Data, 0xAE);
        _uart.In(Lsr).Should().Be(0x61);
        _uart.In(Data).Should().Be(0xAE);
        _line.Sent.Should().BeEmpty();
        _uart.ReceiverRoom.Should().Be(0);
    }

    [Fact]
    public void Loopback_Interrupts_ShowInIirButOut2IsOff()
    {
        _uart.Out(Ier, 0x01);
        _uart.Out(Mcr, 0x1F);
        _uart.Out(Data, 1);
        _uart.In(Iir).Should().Be(0x04);
        _irq.Level.Should().BeFalse();
        _uart.Out(Mcr, DtrRtsOut2);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Overrun_CharacterMode_KeepsTheNewByte()
    {
        _uart.Out(Ier, 0x05);
        _uart.Out(Mcr, 0x1F);
        _uart.OutAll(Data, 1, 2);
        _uart.In(Iir).Should().Be(0x06, "line status is the most urgent");
        _uart.In(Lsr).Should().Be(0x63);
        _uart.In(Lsr).Should().Be(0x61);
        _uart.In(Iir).Should().Be(0x04);
        _uart.In(Data).Should().Be(2);
    }

    [Fact]
    public void Overrun_Fifo_KeepsTheOldBytes()
    {
        EnableFifos();
        _uart.Out(Mcr, 0x1F);
        _uart.OutAll(Data, [.. Enumerable.Range(1, 17).Select(i => (byte)i)]);
        _uart.In(Lsr).Should().Be(0x63);
        Enumerable.Range(0, 16).Select(_ => _uart.In(Data)).ToList()[^1].Should().Be(16);
    }

    [Fact]
    public void Out2_Off_GatesTheInterruptLine()
    {
        _uart.Out(Ier, 0x02);
        _uart.Out(Mcr, 0x03);
        _irq.Level.Should().BeFalse();
        _uart.Out(Mcr, DtrRtsOut2);
        _irq.Level.Should().BeTrue();
    }

    [Fact]
    public void Load_WithRoom_TellsTheLine()
    {
        Uart16550State full = _uart.Save();
        _uart.In(Lsr);
        Uart16550State open = _uart.Save();
        _uart.Load(full);
        int ready = _line.Ready;
        _uart.Load(open);
        _line.Ready.Should().Be(ready + 1);
    }

    private sealed class Line : ISerialLine
    {
        public List<byte> Sent { get; } = [];

        public int Ready { get; private set; }

        public Action OnReady { get; set; } = () => { };

        public void Transmit(byte value) => Sent.Add(value);

        public void ReceiverReady()
        {
            Ready++;
            OnReady();
        }
    }
}
