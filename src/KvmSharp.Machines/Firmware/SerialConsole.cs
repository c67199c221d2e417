namespace KvmSharp.Machines;

/// <summary>The firmware's text on the first serial port, and keys from it: a screen and keyboard for a machine that has none.</summary>
/// <remarks>
/// Text that flows is sent as it is; where a guest places text, the terminal's cursor is moved by ECMA-48 sequences. As soon as the guest
/// programs the port (its line control register is no longer 0), the port is the guest's, and nothing is sent or taken any more.
/// </remarks>
internal sealed class SerialConsole(FirmwareBus bus, DataAreas data, bool enabled)
{
    private const ushort LineControl = PcLayout.Com1 + 3;
    private const ushort LineStatus = PcLayout.Com1 + 5;
    private const byte DataReady = 0x01;
    private const byte LastRow = 24;
    private const byte LastColumn = 79;

    private const byte Started = 0x01;   // bits of the state: something was sent
    private const byte Inverse = 0x02;   // inverse video is on

    private const byte Backspace = 0x08;
    private const byte LineFeed = 0x0A;
    private const byte CarriageReturn = 0x0D;

    private bool IsOn => enabled && bus.In(LineControl) == 0;

    private byte State { get => bus.ReadByte(data.Extended(ExtendedBiosData.ConsoleState)); set => bus.WriteByte(data.Extended(ExtendedBiosData.ConsoleState), value); }

    private byte Row { get => bus.ReadByte(data.Extended(ExtendedBiosData.ConsoleRow)); set => bus.WriteByte(data.Extended(ExtendedBiosData.ConsoleRow), value); }

    private byte Column { get => bus.ReadByte(data.Extended(ExtendedBiosData.ConsoleColumn)); set => bus.WriteByte(data.Extended(ExtendedBiosData.ConsoleColumn), value); }

    /// <summary>Sends one of the characters that move the cursor of a teletype.</summary>
    public void Control(byte character)
    {
        if (!IsOn)
        {
            return;
        }

        Send(character);
        switch (character)
        {
            case CarriageReturn:
                Column = 0;
                break;
            case LineFeed:
                Row = Math.Min((byte)(Row + 1), LastRow);
                break;
            case Backspace when Column > 0:
                Column--;
                break;
            default:
                break;
        }
    }

    /// <summary>Shows a character at a place.</summary>
    public void Put(int row, int column, byte character, byte attribute)
    {
        if (!IsOn)
        {
            return;
        }

        MoveTo((byte)row, (byte)column);
        SetInverse((attribute & 0x70) != 0);
        Send(ToAscii(character));
        Column++;
        if (column >= LastColumn)
        {
            Column = byte.MaxValue; // terminals differ in where the cursor is now
        }
    }

    /// <summary>The screen was cleared.</summary>
    public void Clear()
    {
        if (!IsOn)
        {
            return;
        }

        // A guest that clears first and then prints lines gets just its lines.
        if ((State & Started) != 0)
        {
            SetInverse(false);
            Send("\u001B[H\u001B[2J"u8);
        }

        Row = 0;
        Column = 0;
    }

    /// <summary>Takes a byte that was typed.</summary>
    public bool TryTakeInput(out byte value)
    {
        bool any = IsOn && (bus.In(LineStatus) & DataReady) != 0;
        value = any ? bus.In(PcLayout.Com1) : (byte)0;
        return any;
    }

    /// <summary>Gets or sets how far an escape sequence has come.</summary>
    public byte KeyState { get => bus.ReadByte(data.Extended(ExtendedBiosData.ConsoleKey)); set => bus.WriteByte(data.Extended(ExtendedBiosData.ConsoleKey), value); }

    // Code page 437 by the nearest character of ASCII.
    private static byte ToAscii(byte character) => character switch
    {
        >= 0x20 and < 0x7F => character,
        0x00 or 0xFF => (byte)' ',
        0x10 or 0x1A => (byte)'>',
        0x11 or 0x1B => (byte)'<',
        0x18 or 0x1E => (byte)'^',
        0x19 or 0x1F => (byte)'v',
        0xB3 or 0xBA => (byte)'|',
        0xC4 or 0xCD => (byte)'-',
        >= 0xB4 and <= 0xDA => (byte)'+',
        >= 0xB0 and <= 0xDF => (byte)'#',
        _ => (byte)'?',
    };

    private void MoveTo(byte row, byte column)
    {
        byte here = Row;
        if (here == row && Column == column)
        {
            return;
        }

        if (column == 0 && (row == here || row == here + 1))
        {
            Send(CarriageReturn);
            if (row != here)
            {
                Send(LineFeed);
            }
        }
        else
        {
            Send("\u001B["u8);
            SendNumber(row + 1);
            Send((byte)';');
            SendNumber(column + 1);
            Send((byte)'H');
        }

        Row = row;
        Column = column;
    }

    private void SetInverse(bool on)
    {
        byte state = State;
        if (on != ((state & Inverse) != 0))
        {
            Send(on ? "\u001B[7m"u8 : "\u001B[0m"u8);
            State = (byte)((state & ~Inverse) | Started | (on ? Inverse : 0));
        }
    }

    private void SendNumber(int number)
    {
        if (number >= 10)
        {
            SendNumber(number / 10);
        }

        Send((byte)('0' + (number % 10)));
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            Send(value);
        }
    }

    private void Send(byte value)
    {
        State |= Started;
        bus.Out(PcLayout.Com1, value);
    }
}
