namespace KvmSharp.Devices;

/// <summary>The PC's keyboard controller (an Intel 8042 with IBM's program) with a keyboard behind it and nothing at its mouse port.</summary>
/// <remarks>
/// Offset 0 is the data port (60h), offset 1 the status and command port (64h). Bytes take no virtual time: the input buffer is
/// always empty, and the next byte follows as soon as the output buffer was read. It powers on as PC firmware leaves it: self test passed,
/// keyboard interrupt and translation on, mouse port off, A20 open.
/// Not modelled: the controller's RAM apart from the command byte, password and diagnostic commands, and a mouse: what is sent to it times out.
/// Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
/// </remarks>
public sealed class I8042 : BytePortDevice, IStateful<I8042State>
{
    private const int DataPort = 0;

    private const byte StatusOutputFull = 0x01;
    private const byte StatusSystem = 0x04; // SYS: the self test has passed
    private const byte StatusCommand = 0x08;
    private const byte StatusNotInhibited = 0x10;
    private const byte StatusAuxiliary = 0x20;
    private const byte StatusTimeout = 0x40;

    private const byte KeyboardInterrupt = 0x01; // bits of the command byte
    private const byte AuxiliaryInterrupt = 0x02;
    private const byte System = 0x04;
    private const byte KeyboardDisabled = 0x10;
    private const byte AuxiliaryDisabled = 0x20;
    private const byte Translate = 0x40;
    private const byte FirmwareCommandByte = KeyboardInterrupt | System | AuxiliaryDisabled | Translate;

    private const byte NotReset = 0x01; // bits of the output port
    private const byte A20 = 0x02;
    private const byte OutputPortStored = 0x0F;
    private const byte OutputPortKeyboard = 0x10; // the interrupt lines, as they are
    private const byte OutputPortAuxiliary = 0x20;
    private const byte OutputPortIdle = 0xC0; // keyboard clock and data

    private const byte NoPassword = 0xF1;
    private const byte SelfTestPassed = 0x55;
    private const byte InterfaceGood = 0x00;
    private const byte InputPort = 0xA0; // keyboard not locked, no manufacturing jumper
    private const byte NobodyAnswered = 0xFE;

    private readonly ISignal _irq1;
    private readonly ISignal _irq12;
    private readonly ISignal _a20;
    private readonly ISignal _reset;
    private readonly Ps2Keyboard _keyboard = new();
    private I8042State _s;

    /// <summary>Makes a controller in its power-on state.</summary>
    /// <param name="irq1">The keyboard's interrupt line: high while a byte of its own waits and its interrupt is enabled.</param>
    /// <param name="irq12">The mouse port's interrupt line.</param>
    /// <param name="a20">The A20 gate; asserted lets address bit 20 through.</param>
    /// <param name="reset">The processor's reset line; it is asserted and released again within one write.</param>
    public I8042(ISignal irq1, ISignal irq12, ISignal a20, ISignal reset)
        : base(ports: 2)
    {
        _irq1 = irq1;
        _irq12 = irq12;
        _a20 = a20;
        _reset = reset;
        Reset();
    }

    private bool IsAuxiliary => _s.OutputBufferSource is OutputBufferSource.Auxiliary or OutputBufferSource.AuxiliaryTimeout;

    private bool KeyboardLine => _s.OutputBufferSource == OutputBufferSource.Keyboard && (_s.CommandByte & KeyboardInterrupt) != 0;

    private bool AuxiliaryLine => IsAuxiliary && (_s.CommandByte & AuxiliaryInterrupt) != 0;

    private byte Status => (byte)(StatusNotInhibited
        | (_s.OutputBufferSource != OutputBufferSource.None ? StatusOutputFull : 0)
        | ((_s.CommandByte & System) != 0 ? StatusSystem : 0)
        | (_s.CommandWrittenLast ? StatusCommand : 0)
        | (IsAuxiliary ? StatusAuxiliary : 0)
        | (_s.OutputBufferSource == OutputBufferSource.AuxiliaryTimeout ? StatusTimeout : 0));

    private byte OutputPort => (byte)(OutputPortIdle | _s.OutputPort
        | (KeyboardLine ? OutputPortKeyboard : 0) | (AuxiliaryLine ? OutputPortAuxiliary : 0));

    /// <summary>Presses a key. Call with the machine's device lock held.</summary>
    /// <param name="set1Code">The key's make code in scan code set 1, 01h to 7Fh, or E0xxh for an extended key, whatever set the guest has chosen.</param>
    /// <returns>
    /// <see langword="false"/>, and nothing happens, when the keyboard's queue of 16 bytes lacks room or the guest has switched scanning off.
    /// </returns>
    public bool TryPressKey(ushort set1Code) => TryKey(set1Code, pressed: true);

    /// <summary>Releases a key. Call with the machine's device lock held.</summary>
    /// <param name="set1Code">As for <see cref="TryPressKey"/>.</param>
    /// <returns><see langword="false"/>, and nothing happens, when the key is not taken.</returns>
    public bool TryReleaseKey(ushort set1Code) => TryKey(set1Code, pressed: false);

    /// <inheritdoc/>
    public I8042State Save() => _s with { Keyboard = _keyboard.State };

    /// <inheritdoc/>
    public void Load(in I8042State state)
    {
        _s = state with { Keyboard = default };
        _keyboard.State = state.Keyboard;
        _a20.Drive((_s.OutputPort & A20) != 0);
        DriveInterrupts();
    }

    /// <inheritdoc/>
    public void Reset() => Load(new I8042State
    {
        CommandByte = FirmwareCommandByte,
        OutputPort = NotReset | A20,
        Keyboard = Ps2Keyboard.PowerOn,
    });

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        if (port != DataPort)
        {
            return Status;
        }

        byte value = _s.OutputBuffer; // an empty buffer gives its last byte again
        _s.OutputBufferSource = OutputBufferSource.None;
        DriveInterrupts(); // the line falls between two bytes, so that each is an edge
        FillOutputBuffer();
        return value;
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        _s.CommandWrittenLast = port != DataPort;
        if (port != DataPort)
        {
            _s.Command = 0;
            TakeCommand(value);
        }
        else if (_s.Command != 0)
        {
            byte command = _s.Command;
            _s.Command = 0;
            TakeParameter((ControllerCommand)command, value);
        }
        else
        {
            _s.CommandByte &= unchecked((byte)~KeyboardDisabled); // a byte for the keyboard enables its interface
            _keyboard.Receive(value);
        }

        FillOutputBuffer();
    }

    private void TakeCommand(byte value)
    {
        if (value >= (byte)ControllerCommand.PulseOutput)
        {
            if ((value & NotReset) == 0)
            {
                PulseReset();
            }

            return;
        }

        switch ((ControllerCommand)value)
        {
            case ControllerCommand.ReadCommandByte:
                Reply(_s.CommandByte);
                break;
            case ControllerCommand.TestPassword:
                Reply(NoPassword);
                break;
            case ControllerCommand.DisableAuxiliary:
                _s.CommandByte |= AuxiliaryDisabled;
                break;
            case ControllerCommand.EnableAuxiliary:
                _s.CommandByte &= unchecked((byte)~AuxiliaryDisabled);
                break;
            case ControllerCommand.TestAuxiliary or ControllerCommand.TestKeyboard:
                Reply(InterfaceGood);
                break;
            case ControllerCommand.SelfTest:
                _s.CommandByte |= System;
                Reply(SelfTestPassed);
                break;
            case ControllerCommand.DisableKeyboard:
                _s.CommandByte |= KeyboardDisabled;
                break;
            case ControllerCommand.EnableKeyboard:
                _s.CommandByte &= unchecked((byte)~KeyboardDisabled);
                break;
            case ControllerCommand.ReadInputPort:
                Reply(InputPort);
                break;
            case ControllerCommand.ReadOutputPort:
                Reply(OutputPort);
                break;
            case ControllerCommand.DisableA20:
                SetOutputPort((byte)(_s.OutputPort & ~A20));
                break;
            case ControllerCommand.EnableA20:
                SetOutputPort((byte)(_s.OutputPort | A20));
                break;
            case ControllerCommand.WriteCommandByte or ControllerCommand.WriteOutputPort or ControllerCommand.WriteKeyboardBuffer
                or ControllerCommand.WriteAuxiliaryBuffer or ControllerCommand.WriteAuxiliary:
                _s.Command = value;
                break;
            default:
                break; // no such command: nothing answers
        }
    }

    private void TakeParameter(ControllerCommand command, byte value)
    {
        switch (command)
        {
            case ControllerCommand.WriteCommandByte:
                _s.CommandByte = value;
                DriveInterrupts();
                break;
            case ControllerCommand.WriteOutputPort:
                SetOutputPort((byte)(value & OutputPortStored));
                break;
            case ControllerCommand.WriteKeyboardBuffer:
                Reply(value);
                break;
            case ControllerCommand.WriteAuxiliaryBuffer:
                ReplyAuxiliary(value, OutputBufferSource.Auxiliary);
                break;
            default:
                ReplyAuxiliary(NobodyAnswered, OutputBufferSource.AuxiliaryTimeout); // a byte for a mouse that is not there
                break;
        }
    }

    private void SetOutputPort(byte value)
    {
        _s.OutputPort = (byte)(value | NotReset);
        _a20.Drive((value & A20) != 0);
        if ((value & NotReset) == 0)
        {
            PulseReset(); // a real line would stay low and never let go
        }
    }

    private void PulseReset()
    {
        _reset.Drive(true);
        _reset.Drive(false);
    }

    private void Reply(byte value)
    {
        ByteFifo replies = _s.Replies;
        replies.TryEnqueue(value); // bounded: a guest that asks and never reads loses the newest answers
        _s.Replies = replies;
    }

    private void ReplyAuxiliary(byte value, OutputBufferSource source)
    {
        _s.AuxiliaryByte = value;
        _s.AuxiliarySource = source;
    }

    private bool TryKey(ushort set1Code, bool pressed)
    {
        bool taken = _keyboard.TryKey(set1Code, pressed);
        FillOutputBuffer();
        return taken;
    }

    // The output buffer holds one byte; whoever has the next one waits until the guest has read it.
    private void FillOutputBuffer()
    {
        if (_s.OutputBufferSource == OutputBufferSource.None)
        {
            ByteFifo replies = _s.Replies;
            if (replies.TryDequeue(out byte value))
            {
                _s.Replies = replies;
                Put(value, OutputBufferSource.Keyboard);
            }
            else if (_s.AuxiliarySource != OutputBufferSource.None)
            {
                Put(_s.AuxiliaryByte, _s.AuxiliarySource);
                _s.AuxiliarySource = OutputBufferSource.None;
            }
            else if ((_s.CommandByte & KeyboardDisabled) == 0 && TryTakeFromKeyboard(out value))
            {
                Put(value, OutputBufferSource.Keyboard);
            }
        }

        DriveInterrupts();
    }

    private bool TryTakeFromKeyboard(out byte value)
    {
        while (_keyboard.TrySend(out value))
        {
            if ((_s.CommandByte & Translate) == 0)
            {
                return true;
            }

            if (value != ScanCodes.Set2Break)
            {
                value = ScanCodes.ToSet1(value);
                value |= _s.BreakPrefix && value != ScanCodes.Extended ? ScanCodes.Set1Break : (byte)0;
                _s.BreakPrefix = false;
                return true;
            }

            _s.BreakPrefix = true; // the prefix itself is swallowed
        }

        return false;
    }

    private void Put(byte value, OutputBufferSource source)
    {
        _s.OutputBuffer = value;
        _s.OutputBufferSource = source;
    }

    private void DriveInterrupts()
    {
        _irq1.Drive(KeyboardLine);
        _irq12.Drive(AuxiliaryLine);
    }
}
