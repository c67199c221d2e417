namespace KvmSharp.Devices;

/// <summary>A PS/2 keyboard behind the i8042: its commands, and the codes of its keys in set 1 or 2.</summary>
/// <remarks>
/// Not modelled: scan code set 3 (refused), typematic repeat (the rate is stored), overrun codes: a key that finds no room is not taken.
/// Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)".
/// </remarks>
internal sealed class Ps2Keyboard
{
    private const byte Acknowledge = 0xFA;
    private const byte Resend = 0xFE;
    private const byte SelfTestPassed = 0xAA;
    private const byte DefaultTypematic = 0x2B; // 10.9 a second after 500 ms

    private const byte SetLights = 0xED;
    private const byte Echo = 0xEE;
    private const byte SelectScanCodeSet = 0xF0;
    private const byte Identify = 0xF2;
    private const byte SetTypematic = 0xF3;
    private const byte Enable = 0xF4;
    private const byte DefaultDisable = 0xF5;
    private const byte SetDefault = 0xF6;
    private const byte ResetKeyboard = 0xFF;

    private static readonly byte[] Identity = [0xAB, 0x83];

    private Ps2KeyboardState _s;

    public static Ps2KeyboardState PowerOn => new() { ScanCodeSet = 2, Typematic = DefaultTypematic, Scanning = true };

    public Ps2KeyboardState State
    {
        get => _s;
        set => _s = value;
    }

    /// <summary>Takes a key whose code in set 1 is <paramref name="set1Code"/> (E0xxh for an extended key).</summary>
    public bool TryKey(ushort set1Code, bool pressed)
    {
        byte code = (byte)(set1Code & ~ScanCodes.Set1Break);
        Span<byte> bytes = stackalloc byte[3];
        int count = 0;
        if (set1Code >> 8 == ScanCodes.Extended)
        {
            bytes[count++] = ScanCodes.Extended;
        }

        if (_s.ScanCodeSet == 1)
        {
            bytes[count++] = (byte)(code | (pressed ? 0 : ScanCodes.Set1Break));
        }
        else
        {
            if (!pressed)
            {
                bytes[count++] = ScanCodes.Set2Break;
            }

            bytes[count++] = ScanCodes.ToSet2(code);
        }

        ByteFifo codes = _s.ScanCodes;
        if (!_s.Scanning || codes.Room < count)
        {
            return false;
        }

        foreach (byte value in bytes[..count])
        {
            codes.TryEnqueue(value);
        }

        _s.ScanCodes = codes;
        return true;
    }

    /// <summary>Gives the next byte for the controller.</summary>
    public bool TrySend(out byte value)
    {
        ByteFifo replies = _s.Replies;
        ByteFifo codes = _s.ScanCodes;
        if (!replies.TryDequeue(out value) && !codes.TryDequeue(out value))
        {
            return false;
        }

        _s.Replies = replies;
        _s.ScanCodes = codes;
        _s.LastSent = value;
        return true;
    }

    /// <summary>Takes a byte from the guest: a command, or the parameter of the one before.</summary>
    public void Receive(byte value)
    {
        byte command = _s.Command;
        _s.Command = 0;

        // No parameter is EDh or above, so a command in the place of a parameter is taken as the command it is.
        if (command != 0 && value < SetLights)
        {
            TakeParameter(command, value);
        }
        else
        {
            TakeCommand(value);
        }
    }

    private void TakeParameter(byte command, byte value)
    {
        switch (command)
        {
            case SetLights:
                _s.Lights = (byte)(value & 7);
                Reply(Acknowledge);
                break;
            case SetTypematic:
                _s.Typematic = (byte)(value & 0x7F);
                Reply(Acknowledge);
                break;
            case SelectScanCodeSet when value == 0:
                Reply(Acknowledge, _s.ScanCodeSet);
                break;
            case SelectScanCodeSet when value is 1 or 2:
                _s.ScanCodeSet = value;
                Reply(Acknowledge);
                break;
            default:
                Reply(Resend);
                break;
        }
    }

    private void TakeCommand(byte value)
    {
        switch (value)
        {
            case SetLights or SetTypematic or SelectScanCodeSet:
                _s.Command = value;
                Reply(Acknowledge);
                break;
            case Echo:
                Reply(Echo);
                break;
            case Identify:
                Reply([Acknowledge, .. Identity]);
                break;
            case Enable:
                Clear(scanning: true);
                Reply(Acknowledge);
                break;
            case DefaultDisable or SetDefault:
                ByteFifo replies = _s.Replies;
                byte last = _s.LastSent;
                _s = PowerOn with { Replies = replies, LastSent = last, Lights = _s.Lights, Scanning = value == SetDefault };
                Reply(Acknowledge);
                break;
            case Resend:
                Reply(_s.LastSent);
                break;
            case ResetKeyboard:
                _s = PowerOn;
                Reply(Acknowledge, SelfTestPassed);
                break;
            default:
                Reply(Resend);
                break;
        }
    }

    private void Clear(bool scanning)
    {
        _s.ScanCodes = default;
        _s.Scanning = scanning;
    }

    // A guest that never reads its answers loses the newest ones: the queue is bounded.
    private void Reply(params ReadOnlySpan<byte> values)
    {
        ByteFifo replies = _s.Replies;
        foreach (byte value in values)
        {
            replies.TryEnqueue(value);
        }

        _s.Replies = replies;
    }
}
