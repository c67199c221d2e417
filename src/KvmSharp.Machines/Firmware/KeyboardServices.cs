namespace KvmSharp.Machines;

/// <summary>IRQ 1, which turns scan codes into keys in the ring at 40:1E, and INT 16h, which takes them out.</summary>
/// <remarks>Pause is taken but does not stop the machine, and the lamps do not follow the lock keys.</remarks>
internal sealed class KeyboardServices(FirmwareBus bus, SerialConsole console)
{
    private const byte Released = 0x80;
    private const byte Prefix0 = 0xE0;
    private const byte Prefix1 = 0xE1;
    private const byte FirstReply = 0xF1; // acknowledgements and errors of the keyboard itself

    private const byte NextPrint = 0x05; // see rom.asm
    private const byte NextBreak = 0x1B;
    private const byte NextSysReq = 0x85;
    private const byte NextRestart = 0xFF;
    private const ushort WarmStart = 0x1234;

    private const byte ScanControl = 0x1D;
    private const byte ScanLeftShift = 0x2A;
    private const byte ScanRightShift = 0x36;
    private const byte ScanPrint = 0x37;
    private const byte ScanAlt = 0x38;
    private const byte ScanCapsLock = 0x3A;
    private const byte ScanNumLock = 0x45;
    private const byte ScanScrollLock = 0x46;
    private const byte ScanInsert = 0x52;
    private const byte ScanDelete = 0x53;
    private const byte ScanSysReq = 0x54;

    private readonly KeyRing _ring = new(bus);
    private readonly SerialKeys _serialKeys = new(console);

    private byte Flags { get => bus.ReadByte(BiosData.KeyFlags); set => bus.WriteByte(BiosData.KeyFlags, value); }

    private byte Flags3 { get => bus.ReadByte(BiosData.KeyFlags3); set => bus.WriteByte(BiosData.KeyFlags3, value); }

    /// <summary>IRQ 1: a scan code in AL. AL then tells the ROM what to do next, 0 for nothing.</summary>
    public void OnScanCode(CpuFrame frame)
    {
        byte code = frame.Al;
        frame.Al = 0;
        if (code is Prefix0 or Prefix1)
        {
            Flags3 |= code == Prefix0 ? KeyFlag.LastWasE0 : KeyFlag.LastWasE1;
            return;
        }

        byte flags3 = Flags3;
        bool extended = (flags3 & KeyFlag.LastWasE0) != 0;
        bool isPause = (flags3 & KeyFlag.LastWasE1) != 0; // E1 1D 45, then E1 9D C5
        byte key = (byte)(code & ~Released);
        bool released = (code & Released) != 0;
        if (code < FirstReply && !(isPause && key == ScanControl))
        {
            Flags3 = (byte)(flags3 & ~(KeyFlag.LastWasE0 | KeyFlag.LastWasE1));
        }

        if (code == 0 || code >= FirstReply || isPause || TryShift(key, released, extended))
        {
            return;
        }

        switch (key)
        {
            case ScanSysReq or ScanPrint when key == ScanSysReq || (extended && (Flags & KeyFlag.Alt) != 0):
                frame.Ax = (ushort)(((released ? 1 : 0) << 8) | NextSysReq);
                break;
            case ScanPrint when extended && !released:
                frame.Al = (Flags & KeyFlag.Control) == 0 ? NextPrint : (byte)0;
                break;
            case ScanScrollLock when extended && !released: // Ctrl-Break
                _ring.Store(0);
                bus.WriteByte(BiosData.Break, Released);
                frame.Al = NextBreak;
                break;
            case ScanDelete when !released && (Flags & (KeyFlag.Control | KeyFlag.Alt)) == (KeyFlag.Control | KeyFlag.Alt):
                bus.WriteWord(BiosData.RestartKind, WarmStart);
                frame.Al = NextRestart;
                break;
            case ScanInsert when released:
                break;
            default:
                if (!released)
                {
                    Press(key, extended);
                }

                break;
        }
    }

    /// <summary>INT 16h.</summary>
    public void Serve(CpuFrame frame)
    {
        _serialKeys.TakeInput(_ring);
        switch (frame.Ah)
        {
            case 0x00:
            case 0x10:
                frame.Wait = !_ring.TryPeek(frame.Ah != 0, out ushort key);
                if (!frame.Wait)
                {
                    _ring.Remove();
                    frame.Ax = key;
                }

                break;
            case 0x01:
            case 0x11:
                frame.InterruptsOn = true; // programs that poll with interrupts off would wait for ever
                frame.Zero = !_ring.TryPeek(frame.Ah != 1, out key);
                if (!frame.Zero)
                {
                    frame.Ax = key;
                }

                break;
            case 0x02:
                frame.Al = Flags;
                break;
            case 0x03:
                break; // the repeat rate is the host's
            case 0x05:
                frame.Al = _ring.Store(frame.Cx) ? (byte)0 : (byte)1;
                break;
            case 0x09:
                frame.Al = 0x20; // functions 10h to 12h are there
                break;
            case 0x12:
                frame.Al = Flags;
                frame.Ah = ExtendedFlags();
                break;
            default:
                break;
        }
    }

    private void Press(byte key, bool extended)
    {
        byte flags = Flags;
        if ((flags & KeyFlag.Alt) != 0 && !extended && KeypadDigit(key) is { } digit)
        {
            bus.WriteByte(BiosData.AltKeypad, (byte)((10 * bus.ReadByte(BiosData.AltKeypad)) + digit));
            return;
        }

        if (key == ScanInsert && (extended || (flags & KeyFlag.NumLock) == 0))
        {
            Flags = (byte)(flags ^ KeyFlag.Insert);
        }

        ushort value = KeyTable.Find(key, flags, extended);
        if (value != 0)
        {
            _ring.Store(value);
        }
    }

    // Keys that change the state of others. True when nothing more is to be done.
    private bool TryShift(byte key, bool released, bool extended)
    {
        byte held = key switch
        {
            ScanLeftShift => KeyFlag.LeftShift,
            ScanRightShift => KeyFlag.RightShift,
            ScanControl => KeyFlag.Control,
            ScanAlt => KeyFlag.Alt,
            _ => 0,
        };
        if (held != 0)
        {
            if (!extended || key is ScanControl or ScanAlt) // E0 2A is no Shift, but the number lock's doing
            {
                Hold(held, released, extended);
            }

            return true;
        }

        byte locks = key switch
        {
            ScanCapsLock => KeyFlag.CapsLock,
            ScanNumLock => KeyFlag.NumLock,
            ScanScrollLock when !extended => KeyFlag.ScrollLock,
            _ => 0,
        };
        if (locks == 0)
        {
            return false;
        }

        byte pressed = bus.ReadByte(BiosData.KeyFlags2);
        if (!released && (pressed & locks) == 0)
        {
            Flags ^= locks; // repetitions of a held key do not toggle
        }

        bus.WriteByte(BiosData.KeyFlags2, (byte)(released ? pressed & ~locks : pressed | locks));
        return true;
    }

    private void Hold(byte flag, bool released, bool extended)
    {
        if (flag is KeyFlag.Control or KeyFlag.Alt)
        {
            byte right = flag == KeyFlag.Control ? KeyFlag.RightControl3 : KeyFlag.RightAlt3;
            byte left = flag == KeyFlag.Control ? KeyFlag.LeftControl2 : KeyFlag.LeftAlt2;
            if (extended)
            {
                Flags3 = (byte)(released ? Flags3 & ~right : Flags3 | right);
            }
            else
            {
                byte flags2 = bus.ReadByte(BiosData.KeyFlags2);
                bus.WriteByte(BiosData.KeyFlags2, (byte)(released ? flags2 & ~left : flags2 | left));
            }

            released &= (Flags3 & right) == 0 && (bus.ReadByte(BiosData.KeyFlags2) & left) == 0; // the other one may still be down
        }

        Flags = (byte)(released ? Flags & ~flag : Flags | flag);
        byte typed = bus.ReadByte(BiosData.AltKeypad);
        if (flag == KeyFlag.Alt && released && typed != 0)
        {
            bus.WriteByte(BiosData.AltKeypad, 0);
            _ring.Store(typed);
        }
    }

    private static int? KeypadDigit(byte key) => key switch
    {
        >= 0x47 and <= 0x49 => key - 0x47 + 7,
        >= 0x4B and <= 0x4D => key - 0x4B + 4,
        >= 0x4F and <= 0x51 => key - 0x4F + 1,
        ScanInsert => 0,
        _ => null,
    };

    private byte ExtendedFlags()
    {
        byte flags2 = bus.ReadByte(BiosData.KeyFlags2);
        byte flags3 = Flags3;
        return (byte)((flags2 & 0x73) | ((flags2 & KeyFlag.SysReq2) != 0 ? 0x80 : 0) | (flags3 & (KeyFlag.RightControl3 | KeyFlag.RightAlt3)));
    }
}
