namespace KvmSharp.Devices.Tests;

public sealed class I8042Tests : StatefulContract<I8042, I8042State>
{
    private const int Data = 0;
    private const int Command = 1;

    private readonly Wire _irq1 = new();
    private readonly Wire _irq12 = new();
    private readonly Wire _a20 = new();
    private readonly Wire _reset = new();
    private readonly I8042 _i8042;

    public I8042Tests()
    {
        _i8042 = new I8042(_irq1, _irq12, _a20, _reset);
    }

    protected override int Ports => 2;

    internal override Bench Make()
    {
        Wire[] wires = [new(), new(), new(), new()];
        return new Bench(new I8042(wires[0], wires[1], wires[2], wires[3]), new ManualClock(), wires);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.TryPressKey(0x1E);
        bench.Part.TryPressKey(0xE04B);
        bench.Part.Out(Command, 0xDD);
    }

    internal override void Host(I8042 part, byte value)
    {
        if ((value & 0x80) != 0)
        {
            part.TryPressKey(value);
        }
        else
        {
            part.TryReleaseKey((ushort)(0xE000 | value));
        }
    }

    private byte[] Drain()
    {
        var bytes = new List<byte>();
        while ((_i8042.In(Command) & 1) != 0)
        {
            bytes.Add(_i8042.In(Data));
        }

        return [.. bytes];
    }

    private byte[] Ask(int command)
    {
        _i8042.Out(Command, command);
        return Drain();
    }

    private byte[] AskKeyboard(params byte[] bytes)
    {
        _i8042.OutAll(Data, bytes);
        return Drain();
    }

    private void SetCommandByte(byte value)
    {
        _i8042.Out(Command, 0x60);
        _i8042.Out(Data, value);
    }

    [Fact]
    public void PowerOn_StatusAndLines_AreAsFirmwareLeavesThem()
    {
        _i8042.In(Command).Should().Be(0x14);
        Ask(0x20).Should().Equal(0x65);
        (_a20.Level, _reset.Rises, _irq1.Level).Should().Be((true, 0, false));
    }

    [Theory]
    [InlineData(0xAA, 0x55)] // self test
    [InlineData(0xAB, 0x00)] // keyboard interface test
    [InlineData(0xA9, 0x00)] // mouse interface test
    [InlineData(0xA4, 0xF1)] // no password
    [InlineData(0xC0, 0xA0)] // input port
    public void Command_Question_IsAnswered(int command, byte answer) => Ask(command).Should().Equal(answer);

    [Fact]
    public void Command_Unknown_IsNotAnswered() => Ask(0x99).Should().BeEmpty();

    [Fact]
    public void SelfTest_SetsTheSystemFlag()
    {
        SetCommandByte(0x00);
        (_i8042.In(Command) & 0x04).Should().Be(0);
        Ask(0xAA);
        (_i8042.In(Command) & 0x04).Should().Be(0x04);
    }

    [Fact]
    public void CommandByte_Write_ReadsBackWithInterfaceBits()
    {
        SetCommandByte(0x43);
        Ask(0xAD);
        Ask(0xA7);
        Ask(0x20).Should().Equal(0x73);
        Ask(0xAE);
        Ask(0xA8);
        Ask(0x20).Should().Equal(0x43);
    }

    [Fact]
    public void Status_CommandBit_TellsTheLastPortWritten()
    {
        _i8042.Out(Command, 0x60);
        (_i8042.In(Command) & 0x08).Should().Be(0x08);
        _i8042.Out(Data, 0x65);
        (_i8042.In(Command) & 0x08).Should().Be(0);
    }

    [Fact]
    public void OutputPort_A20_FollowsEachWayToSetIt()
    {
        Ask(0xDD);
        _a20.Level.Should().BeFalse();
        (Ask(0xD0)[0] & 0x03).Should().Be(0x01);
        Ask(0xDF);
        _a20.Level.Should().BeTrue();
        _i8042.Out(Command, 0xD1);
        _i8042.Out(Data, 0xDD);
        _a20.Level.Should().BeFalse();
        _i8042.Out(Command, 0xD1);
        _i8042.Out(Data, 0xDF);
        _a20.Level.Should().BeTrue();
        (Ask(0xD0)[0] & 0x03).Should().Be(0x03);
        _reset.Rises.Should().Be(0);
    }

    [Theory]
    [InlineData(0xFE, 1)]
    [InlineData(0xF0, 1)] // all four lines
    [InlineData(0xFF, 0)]
    [InlineData(0xFD, 0)] // not the reset line
    public void PulseOutput_Commands_PulseTheResetLine(int command, int pulses)
    {
        _i8042.Out(Command, command);
        (_reset.Rises, _reset.Level).Should().Be((pulses, false));
    }

    [Fact]
    public void OutputPort_ResetBitCleared_PulsesTheResetLine()
    {
        _i8042.Out(Command, 0xD1);
        _i8042.Out(Data, 0xDE);
        (_reset.Rises, _reset.Level).Should().Be((1, false));
    }

    [Fact]
    public void Command_BeforeItsParameter_TakesItsPlace()
    {
        _i8042.Out(Command, 0xD1);
        Ask(0x20).Should().Equal(0x65);
        AskKeyboard(0xEE).Should().Equal(0xEE);
        _a20.Level.Should().BeTrue();
    }

    [Theory]
    [InlineData(new byte[] { 0xEE }, new byte[] { 0xEE })]
    [InlineData(new byte[] { 0xFF }, new byte[] { 0xFA, 0xAA })]
    [InlineData(new byte[] { 0xED, 0x07 }, new byte[] { 0xFA, 0xFA })]
    [InlineData(new byte[] { 0xF3, 0x20 }, new byte[] { 0xFA, 0xFA })]
    [InlineData(new byte[] { 0xF4 }, new byte[] { 0xFA })]
    [InlineData(new byte[] { 0xF5 }, new byte[] { 0xFA })]
    [InlineData(new byte[] { 0xF6 }, new byte[] { 0xFA })]
    [InlineData(new byte[] { 0xF0, 0x03 }, new byte[] { 0xFA, 0xFE })] // no set 3
    [InlineData(new byte[] { 0x12 }, new byte[] { 0xFE })] // no command
    [InlineData(new byte[] { 0xED, 0xF4 }, new byte[] { 0xFA, 0xFA })] // a command in a parameter's place
    public void Keyboard_Commands_AreAnswered(byte[] sent, byte[] answer) => AskKeyboard(sent).Should().Equal(answer);

    [Fact]
    public void Keyboard_Identify_IsTranslatedLikeAnyByte()
    {
        AskKeyboard(0xF2).Should().Equal(0xFA, 0xAB, 0x41);
        SetCommandByte(0x05);
        AskKeyboard(0xF2).Should().Equal(0xFA, 0xAB, 0x83);
    }

    [Fact]
    public void Keyboard_Resend_RepeatsTheLastByte()
    {
        AskKeyboard(0xEE);
        AskKeyboard(0xFE).Should().Equal(0xEE);
    }

    [Theory]
    [InlineData(0x1E, new byte[] { 0x1E, 0x9E })] // A
    [InlineData(0x01, new byte[] { 0x01, 0x81 })] // Esc
    [InlineData(0x41, new byte[] { 0x41, 0xC1 })] // F7, whose set 2 code is above 7Fh
    [InlineData(0xE04B, new byte[] { 0xE0, 0x4B, 0xE0, 0xCB })] // left arrow
    public void Key_Translated_ComesInSet1(ushort key, byte[] codes)
    {
        _i8042.TryPressKey(key).Should().BeTrue();
        _i8042.TryReleaseKey(key).Should().BeTrue();
        Drain().Should().Equal(codes);
    }

    [Theory]
    [InlineData(0x1E, new byte[] { 0x1C, 0xF0, 0x1C })]
    [InlineData(0x41, new byte[] { 0x83, 0xF0, 0x83 })]
    [InlineData(0xE04B, new byte[] { 0xE0, 0x6B, 0xE0, 0xF0, 0x6B })]
    public void Key_Untranslated_ComesInSet2(ushort key, byte[] codes)
    {
        SetCommandByte(0x05);
        _i8042.TryPressKey(key);
        _i8042.TryReleaseKey(key);
        Drain().Should().Equal(codes);
    }

    [Fact]
    public void Key_KeyboardInSet1_NeedsNoTranslation()
    {
        SetCommandByte(0x05);
        AskKeyboard(0xF0, 0x01);
        AskKeyboard(0xF0, 0x00).Should().Equal(0xFA, 0xFA, 0x01);
        _i8042.TryPressKey(0x1E);
        _i8042.TryReleaseKey(0x1E);
        Drain().Should().Equal(0x1E, 0x9E);
    }

    [Fact]
    public void Key_EverySet1Code_SurvivesTheWayThroughSet2()
    {
        for (ushort code = 1; code < 0x80; code++)
        {
            _i8042.TryPressKey(code);
            Drain().Should().Equal((byte)code);
        }
    }

    [Fact]
    public void Key_QueueFull_IsRefusedWhole()
    {
        int taken = 0;
        while (_i8042.TryPressKey(0xE04B))
        {
            taken++;
        }

        taken.Should().Be(8, "16 bytes queued, and the first one moved on to the output buffer and freed room for no pair");
        Drain().Should().HaveCount(16);
    }

    [Fact]
    public void Key_ScanningOff_IsRefused()
    {
        AskKeyboard(0xF5);
        _i8042.TryPressKey(0x1E).Should().BeFalse();
        AskKeyboard(0xF4);
        _i8042.TryPressKey(0x1E).Should().BeTrue();
    }

    [Fact]
    public void Key_InterfaceDisabled_WaitsUntilEnabled()
    {
        _i8042.Out(Command, 0xAD);
        _i8042.TryPressKey(0x1E);
        Drain().Should().BeEmpty();
        _i8042.Out(Command, 0xAE);
        Drain().Should().Equal(0x1E);
    }

    [Fact]
    public void Irq1_EachByte_IsAnEdge()
    {
        _i8042.TryPressKey(0x1E);
        _i8042.TryPressKey(0x30);
        (_irq1.Level, _irq1.Rises).Should().Be((true, 1));
        _i8042.In(Data);
        (_irq1.Level, _irq1.Rises).Should().Be((true, 2));
        _i8042.In(Data);
        _irq1.Level.Should().BeFalse();
    }

    [Fact]
    public void Irq1_InterruptDisabled_StaysLow()
    {
        SetCommandByte(0x44);
        _i8042.TryPressKey(0x1E);
        _irq1.Level.Should().BeFalse();
        SetCommandByte(0x45);
        _irq1.Level.Should().BeTrue();
    }

    [Fact]
    public void OutputBuffer_KeyWaiting_IsNotOverwrittenByAnAnswer()
    {
        _i8042.TryPressKey(0x1E);
        Ask(0x20).Should().Equal(0x1E, 0x65);
    }

    [Fact]
    public void MousePort_Byte_TimesOut()
    {
        SetCommandByte(0x47);
        _i8042.Out(Command, 0xD4);
        _i8042.Out(Data, 0xFF);
        (_i8042.In(Command) & 0x61).Should().Be(0x61, "a byte of the mouse port, with timeout");
        (_irq12.Level, _irq1.Level).Should().Be((true, false));
        _i8042.In(Data).Should().Be(0xFE);
        (_i8042.In(Command) & 0x61).Should().Be(0);
    }

    [Theory]
    [InlineData(0xD2, 0x01)]
    [InlineData(0xD3, 0x21)]
    public void WriteOutputBuffer_Loop_ComesBackAsFromThatPort(int command, int status)
    {
        _i8042.Out(Command, command);
        _i8042.Out(Data, 0x5A);
        (_i8042.In(Command) & 0x61).Should().Be(status);
        _i8042.In(Data).Should().Be(0x5A);
    }

    [Fact]
    public void MousePort_ProbeOfADriver_FindsThePortAndNoMouse()
    {
        SetCommandByte(0x75);
        _i8042.Out(Command, 0xD3); // the port loops a byte back
        _i8042.Out(Data, 0x5A);
        (_i8042.In(Command) & 0x21).Should().Be(0x21);
        _i8042.In(Data).Should().Be(0x5A);
        _i8042.Out(Command, 0xA7);
        (Ask(0x20)[0] & 0x20).Should().Be(0x20);
        _i8042.Out(Command, 0xA8);
        (Ask(0x20)[0] & 0x20).Should().Be(0);
        SetCommandByte(0x47);
        _i8042.Out(Command, 0xD3);
        _i8042.Out(Data, 0xA5);
        _irq12.Level.Should().BeTrue("its interrupt is delivered");
        _i8042.In(Data).Should().Be(0xA5);
        _i8042.Out(Command, 0xD4);
        _i8042.Out(Data, 0xF2);
        _i8042.In(Data).Should().Be(0xFE);
        _irq12.Level.Should().BeFalse();
    }

    [Fact]
    public void Keyboard_StartOfFirmware_ResetsAndSelectsSet2()
    {
        Ask(0xAD);
        Ask(0xA7);
        Ask(0xAA).Should().Equal(0x55);
        Ask(0xAB).Should().Equal(0x00);
        SetCommandByte(0x30); // both ports off, nothing translated
        AskKeyboard(0xFF).Should().Equal(0xFA, 0xAA);
        AskKeyboard(0xF5).Should().Equal(0xFA);
        AskKeyboard(0xF0, 0x02).Should().Equal(0xFA, 0xFA);
        AskKeyboard(0xF0, 0x00).Should().Equal(0xFA, 0xFA, 0x02);
        SetCommandByte(0x61);
        AskKeyboard(0xF4).Should().Equal(0xFA);
        _i8042.TryPressKey(0x1E);
        (_irq1.Level, _i8042.In(Data)).Should().Be((true, 0x1E));
    }
}
