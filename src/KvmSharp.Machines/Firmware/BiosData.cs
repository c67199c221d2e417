namespace KvmSharp.Machines;

/// <summary>Where the BIOS data area at 0040:0000 keeps what programs read and change. Physical addresses.</summary>
/// <remarks>Source: IBM PC AT Technical Reference, "ROM BIOS listing", data areas; IBM PS/2 and PC BIOS Interface Technical Reference.</remarks>
internal static class BiosData
{
    public const uint Start = 0x400;
    public const int Size = 0x100;

    public const uint SerialPorts = 0x400;      // four words
    public const uint ExtendedArea = 0x40E;     // segment
    public const uint Equipment = 0x410;
    public const uint MemoryKiB = 0x413;

    public const uint KeyFlags = 0x417;         // see KeyFlag
    public const uint KeyFlags2 = 0x418;
    public const uint AltKeypad = 0x419;        // the number that is typed with Alt held down
    public const uint KeyHead = 0x41A;          // offset in segment 40h of the next key to be taken
    public const uint KeyTail = 0x41C;          // and of the next to be stored
    public const uint KeyBuffer = 0x41E;
    public const uint KeyBufferEnd = 0x43E;

    public const uint MotorTimeout = 0x440;
    public const uint FloppyStatus = 0x441;

    public const uint VideoMode = 0x449;
    public const uint VideoColumns = 0x44A;
    public const uint VideoPageBytes = 0x44C;
    public const uint VideoPageStart = 0x44E;
    public const uint CursorPositions = 0x450;  // a word for each of 8 pages: column, row
    public const uint CursorShape = 0x460;      // last line, first line
    public const uint VideoPage = 0x462;
    public const uint VideoPort = 0x463;
    public const uint VideoControl = 0x465;
    public const uint VideoPalette = 0x466;

    public const uint Ticks = 0x46C;
    public const uint TicksOverflow = 0x470;    // midnight has passed
    public const uint Break = 0x471;
    public const uint RestartKind = 0x472;      // 1234h: do not test memory
    public const uint DiskStatus = 0x474;
    public const uint DiskCount = 0x475;
    public const uint SerialTimeouts = 0x47C;
    public const uint KeyBufferFirst = 0x480;   // offsets in segment 40h
    public const uint KeyBufferLast = 0x482;
    public const uint VideoLastRow = 0x484;
    public const uint CharacterHeight = 0x485;
    public const uint VideoInformation = 0x487;
    public const uint VideoSwitches = 0x488;
    public const uint VideoFlags = 0x489;
    public const uint FloppyTypes = 0x48F;
    public const uint FloppyMedia = 0x490;
    public const uint KeyFlags3 = 0x496;
    public const uint WaitPointer = 0x498;      // where bit 7 is set when the wait is over
    public const uint WaitMicroseconds = 0x49C;
    public const uint WaitFlags = 0x4A0;
    public const uint VideoSavePointer = 0x4A8;
}

/// <summary>Offsets in the extended BIOS data area. The firmware itself remembers nothing, so that guest memory is its whole state.</summary>
internal static class ExtendedBiosData
{
    public const int Size = 1024;

    public const uint SizeKiB = 0x00;

    public const uint BootChoice = 0x10;      // how many entries of the boot order were tried
    public const uint ConsoleState = 0x11;    // see SerialConsole
    public const uint ConsoleRow = 0x12;
    public const uint ConsoleColumn = 0x13;
    public const uint ConsoleKey = 0x14;      // bytes of an escape sequence that came so far

    public const uint Emulation = 0x20;       // see DiscEmulation; 16 bytes

    public const uint FixedDisk0 = 0x3D;      // drive parameter tables, 16 bytes each; the places are IBM's
    public const uint FixedDisk1 = 0x4D;
}

/// <summary>Bits of the keyboard's flag bytes at 40:17, 40:18 and 40:96.</summary>
internal static class KeyFlag
{
    public const byte RightShift = 0x01;
    public const byte LeftShift = 0x02;
    public const byte Control = 0x04;
    public const byte Alt = 0x08;
    public const byte ScrollLock = 0x10;
    public const byte NumLock = 0x20;
    public const byte CapsLock = 0x40;
    public const byte Insert = 0x80;

    public const byte LeftControl2 = 0x01; // second byte
    public const byte LeftAlt2 = 0x02;
    public const byte SysReq2 = 0x04;

    public const byte LastWasE1 = 0x01;    // third byte
    public const byte LastWasE0 = 0x02;
    public const byte RightControl3 = 0x04;
    public const byte RightAlt3 = 0x08;
    public const byte Enhanced3 = 0x10;
}
