namespace KvmSharp.Devices;

/// <summary>Registers of the sequencer that others look at, and their bits.</summary>
public static class VgaSequencer
{
    /// <summary>The clocking mode register.</summary>
    public const int ClockingMode = 0x01;

    /// <summary>The map mask register: the planes that are written.</summary>
    public const int MapMask = 0x02;

    /// <summary>The character map select register.</summary>
    public const int CharacterMapSelect = 0x03;

    /// <summary>The memory mode register.</summary>
    public const int MemoryMode = 0x04;

    /// <summary>Clocking mode: characters are 8 dots wide, else 9.</summary>
    public const byte EightDots = 0x01;

    /// <summary>Clocking mode: the dot clock is halved.</summary>
    public const byte HalfDotClock = 0x08;

    /// <summary>Clocking mode: the display is off.</summary>
    public const byte ScreenOff = 0x20;

    /// <summary>Memory mode: even and odd addresses do not choose planes.</summary>
    public const byte OddEvenOff = 0x04;

    /// <summary>Memory mode: the two lowest address bits choose the plane.</summary>
    public const byte Chain4 = 0x08;

    internal static readonly byte[] Writable = [0x03, 0x3D, 0x0F, 0x3F, 0x0E];
}

/// <summary>Registers of the CRT controller that others look at, and their bits.</summary>
public static class VgaCrtController
{
    /// <summary>The horizontal total, in characters, less 5.</summary>
    public const int HorizontalTotal = 0x00;

    /// <summary>The last displayed character of a line.</summary>
    public const int HorizontalDisplayEnd = 0x01;

    /// <summary>The vertical total, in scan lines, less 2.</summary>
    public const int VerticalTotal = 0x06;

    /// <summary>Bits 8 and 9 of vertical positions.</summary>
    public const int Overflow = 0x07;

    /// <summary>The scan line of a character row that the screen begins with.</summary>
    public const int PresetRowScan = 0x08;

    /// <summary>The last scan line of a character row, and bits.</summary>
    public const int MaximumScanLine = 0x09;

    /// <summary>The cursor's first scan line; bit 5 hides it.</summary>
    public const int CursorStart = 0x0A;

    /// <summary>The cursor's last scan line.</summary>
    public const int CursorEnd = 0x0B;

    /// <summary>The address of the first character, high byte; the low byte is behind it.</summary>
    public const int StartAddressHigh = 0x0C;

    /// <summary>The address of the cursor, high byte; the low byte is behind it.</summary>
    public const int CursorLocationHigh = 0x0E;

    /// <summary>The first scan line of the vertical retrace.</summary>
    public const int VerticalRetraceStart = 0x10;

    /// <summary>The low four bits of the scan line behind the vertical retrace; bit 7 protects registers 0 to 7.</summary>
    public const int VerticalRetraceEnd = 0x11;

    /// <summary>The last displayed scan line.</summary>
    public const int VerticalDisplayEnd = 0x12;

    /// <summary>The distance of two rows, in units of two addresses.</summary>
    public const int Offset = 0x13;

    /// <summary>The scan line of the underline, and bits.</summary>
    public const int UnderlineLocation = 0x14;

    /// <summary>The mode control register.</summary>
    public const int ModeControl = 0x17;

    /// <summary>The scan line behind which the display goes on at address 0.</summary>
    public const int LineCompare = 0x18;

    /// <summary>Vertical retrace end: registers 0 to 7 are protected.</summary>
    public const byte Protect = 0x80;

    /// <summary>Cursor start: no cursor.</summary>
    public const byte CursorOff = 0x20;

    /// <summary>Maximum scan line: each line is displayed twice.</summary>
    public const byte DoubleScan = 0x80;

    /// <summary>Underline location: addresses count doublewords.</summary>
    public const byte DoublewordMode = 0x40;

    /// <summary>Mode control: address bit 13 is the row scan counter's bit 0, as a CGA has it, unless set.</summary>
    public const byte NoRowScanBit0 = 0x01;

    /// <summary>Mode control: address bit 14 is the row scan counter's bit 1, unless set.</summary>
    public const byte NoRowScanBit1 = 0x02;

    /// <summary>Mode control: in word mode address bit 15 becomes bit 0, else bit 13.</summary>
    public const byte AddressWrap = 0x20;

    /// <summary>Mode control: addresses count bytes, else words.</summary>
    public const byte ByteMode = 0x40;

    internal const int Registers = 0x19;
    internal const byte OverflowLineCompare = 0x10; // the one bit of the overflow register that is never protected

    internal static readonly byte[] Writable = [.. Enumerable.Repeat((byte)0xFF, Registers)];
}

/// <summary>Registers of the graphics controller that others look at, and their bits.</summary>
public static class VgaGraphicsController
{
    /// <summary>The mode register.</summary>
    public const int Mode = 0x05;

    /// <summary>The miscellaneous register.</summary>
    public const int Miscellaneous = 0x06;

    /// <summary>Mode: two bits of each pixel come from one byte, as a CGA has it.</summary>
    public const byte ShiftInterleave = 0x20;

    /// <summary>Mode: eight bits of each pixel come from one byte.</summary>
    public const byte Shift256 = 0x40;

    /// <summary>Miscellaneous: graphics, else text.</summary>
    public const byte Graphics = 0x01;

    internal const int SetReset = 0x00;
    internal const int EnableSetReset = 0x01;
    internal const int ColorCompare = 0x02;
    internal const int DataRotate = 0x03;
    internal const int ReadMapSelect = 0x04;
    internal const int ColorDontCare = 0x07;
    internal const int BitMask = 0x08;
    internal const byte ReadModeCompare = 0x08; // of Mode
    internal const byte HostOddEven = 0x10; // of Mode
    internal const byte ChainOddEven = 0x02; // of Miscellaneous

    internal static readonly byte[] Writable = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF];
}

/// <summary>Registers of the attribute controller that others look at, and their bits.</summary>
public static class VgaAttributeController
{
    /// <summary>The mode control register.</summary>
    public const int ModeControl = 0x10;

    /// <summary>The colour of the border.</summary>
    public const int OverscanColor = 0x11;

    /// <summary>The planes that reach the palette.</summary>
    public const int ColorPlaneEnable = 0x12;

    /// <summary>The number of dots that the screen moves left.</summary>
    public const int HorizontalPanning = 0x13;

    /// <summary>Bits 4 to 7 of colours.</summary>
    public const int ColorSelect = 0x14;

    /// <summary>Index: the display has the palette; without it the screen shows the border's colour only.</summary>
    public const byte PaletteToDisplay = 0x20;

    /// <summary>Mode control: the ninth dot of line drawing characters C0h to DFh repeats the eighth.</summary>
    public const byte LineGraphics = 0x04;

    /// <summary>Mode control: bit 7 of an attribute blinks, else it is the background's intensity.</summary>
    public const byte Blink = 0x08;

    /// <summary>Mode control: the part of the screen behind the line compare does not pan.</summary>
    public const byte PanTopOnly = 0x20;

    /// <summary>Mode control: bits 4 and 5 of colours come from the colour select register.</summary>
    public const byte Palette54FromSelect = 0x80;

    internal static readonly byte[] Writable =
    [
        0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0xEF, 0xFF, 0x3F, 0x0F, 0x0F,
    ];
}

/// <summary>Bits of the miscellaneous output register.</summary>
internal static class VgaMiscellaneousOutput
{
    public const byte ColorPorts = 0x01; // the CRT controller and status at 3Dxh, else 3Bxh
    public const byte MemoryEnable = 0x02;
    public const byte Clock28MHz = 0x04;
    public const byte ClockSelect = 0x0C;
}
