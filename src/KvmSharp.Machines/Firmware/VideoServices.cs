namespace KvmSharp.Machines;

/// <summary>INT 10h: text on the screen, modes, palette.</summary>
/// <remarks>Not offered: writing characters in graphics modes, planar pixels, loading other fonts, VESA modes.</remarks>
internal sealed class VideoServices(FirmwareBus bus, BiosScreen text, VideoModes modes)
{
    private const byte KeepMemory = 0x80; // of a mode's number
    private const byte DefaultMode = 0x03;
    private const byte Mode256 = 0x13;
    private const ushort DefaultCursor = 0x0D0E; // lines 13 and 14 of 16
    private const ushort AttributePort = PcLayout.Vga + 0x10;
    private const ushort AttributeReadPort = PcLayout.Vga + 0x11;
    private const ushort PaletteReadPort = PcLayout.Vga + 0x17;
    private const ushort PaletteWritePort = PcLayout.Vga + 0x18;
    private const ushort PaletteDataPort = PcLayout.Vga + 0x19;
    private const ushort StatusPort = PcLayout.Vga + 0x2A;
    private const byte EnablePalette = 0x20;
    private const uint Pixels = 0xA_0000;
    private const int LargestString = 0x1000;

    /// <summary>Sets a mode, clears the screen unless asked not to, and fills the video part of the data area.</summary>
    public void SetMode(byte number)
    {
        if (VideoModes.Find(number & ~KeepMemory) is not { } mode)
        {
            return;
        }

        modes.Program(mode);
        bool color = (mode.Miscellaneous & 1) != 0;
        bus.WriteByte(BiosData.VideoMode, (byte)mode.Number);
        bus.WriteWord(BiosData.VideoColumns, (ushort)mode.Columns);
        bus.WriteWord(BiosData.VideoPageBytes, mode.PageBytes);
        bus.WriteWord(BiosData.VideoPageStart, 0);
        bus.WriteByte(BiosData.VideoPage, 0);
        bus.WriteWord(BiosData.VideoPort, color ? VideoModes.ColorPort : VideoModes.MonochromePort);
        bus.WriteByte(BiosData.VideoLastRow, (byte)(mode.Rows - 1));
        bus.WriteWord(BiosData.CharacterHeight, mode.CharacterHeight);
        bus.WriteByte(BiosData.VideoInformation, (byte)(0x60 | (number & KeepMemory))); // a VGA with 256 KiB
        bus.WriteByte(BiosData.VideoSwitches, 0xF9); // a colour display of high resolution
        bus.WriteByte(BiosData.VideoFlags, 0x51);    // 400 lines
        bus.WriteByte(BiosData.VideoControl, mode.Columns == 40 ? (byte)0x28 : (byte)0x29);
        bus.WriteByte(BiosData.VideoPalette, 0x30);
        bus.WriteWord(BiosData.CursorShape, DefaultCursor);
        if (mode.IsText && (number & KeepMemory) == 0)
        {
            text.Clear();
        }

        for (byte page = 0; page < 8; page++)
        {
            text.MoveCursor(page, 0, 0);
        }
    }

    /// <summary>Sets 80 x 25 characters, as at power-on.</summary>
    public void SetDefaultMode() => SetMode(DefaultMode);

    public void Serve(CpuFrame frame)
    {
        switch (frame.Ah)
        {
            case 0x00:
                SetMode(frame.Al);
                frame.Al = (frame.Al & ~KeepMemory) > 7 ? (byte)0x20 : (frame.Al & ~KeepMemory) == 6 ? (byte)0x3F : (byte)0x30;
                break;
            case 0x01:
                SetCursorShape(frame.Ch, frame.Cl);
                break;
            case 0x02:
                text.MoveCursor(frame.Bh, frame.Dh, frame.Dl);
                break;
            case 0x03:
                (int row, int column) = text.Cursor(frame.Bh);
                frame.Dx = (ushort)((row << 8) | column);
                frame.Cx = bus.ReadWord(BiosData.CursorShape);
                frame.Ax = 0;
                break;
            case 0x05:
                ShowPage((byte)(frame.Al & 7));
                break;
            case 0x06:
                text.Scroll(text.Page, frame.Al, frame.Bh, frame.Ch, frame.Cl, frame.Dh, frame.Dl);
                break;
            case 0x07:
                text.Scroll(text.Page, -frame.Al, frame.Bh, frame.Ch, frame.Cl, frame.Dh, frame.Dl);
                break;
            case 0x08:
                (row, column) = text.Cursor(frame.Bh);
                frame.Ax = text.Read(frame.Bh, row, column);
                break;
            case 0x09:
                Repeat(frame, frame.Bl);
                break;
            case 0x0A:
                Repeat(frame, null);
                break;
            case 0x0C when text.Mode == Mode256 && frame.Dx < 200 && frame.Cx < 320:
                bus.WriteByte(Pixels + (320u * frame.Dx) + frame.Cx, frame.Al);
                break;
            case 0x0D:
                bool inside = text.Mode == Mode256 && frame.Dx < 200 && frame.Cx < 320;
                frame.Al = inside ? bus.ReadByte(Pixels + (320u * frame.Dx) + frame.Cx) : (byte)0;
                break;
            case 0x0E:
                text.Teletype(text.Page, frame.Al);
                break;
            case 0x0F:
                frame.Al = (byte)(text.Mode | (bus.ReadByte(BiosData.VideoInformation) & KeepMemory));
                frame.Ah = (byte)text.Columns;
                frame.Bh = text.Page;
                break;
            case 0x10 when text.HasScreen:
                ServePalette(frame);
                break;
            case 0x11 when frame.Al == 0x30:
                frame.Cx = bus.ReadByte(BiosData.CharacterHeight);
                frame.Dl = bus.ReadByte(BiosData.VideoLastRow);
                frame.Es = FirmwareRom.Font.Segment;
                frame.Bp = FirmwareRom.Font.Offset;
                break;
            case 0x12 when frame.Bl == 0x10:
                frame.Bx = (ushort)(text.Mode == 7 ? 0x0103 : 0x0003); // colour, 256 KiB
                frame.Cx = 0x0009;
                break;
            case 0x12 when frame.Bl is >= 0x30 and <= 0x36:
                frame.Al = 0x12; // taken, although nothing changes
                break;
            case 0x13:
                WriteString(frame);
                break;
            case 0x1A when frame.Al == 0x00:
                frame.Ax = 0x001A;
                frame.Bx = 0x0008; // a VGA with a colour display, and no other
                break;
            case 0x4F:
                frame.Ax = 0x0100; // no VESA BIOS: AL is not 4Fh
                break;
            default:
                break;
        }
    }

    // Programs give lines of the 8-line characters that the CGA had; on 16 lines the cursor keeps its look.
    private void SetCursorShape(byte first, byte last)
    {
        const byte LastCgaLine = 7;
        const byte Hidden = 0x20;
        bus.WriteWord(BiosData.CursorShape, (ushort)((first << 8) | last));
        int line = first & 0x1F;
        bool scale = bus.ReadByte(BiosData.CharacterHeight) > LastCgaLine + 1 && line <= LastCgaLine && last <= LastCgaLine;
        text.WriteCrt(0x0A, (byte)((first & Hidden) | (scale ? (2 * line) + (line == 0 ? 0 : 1) : line)));
        text.WriteCrt(0x0B, (byte)(scale ? 2 * last : last));
    }

    private void ShowPage(byte page)
    {
        int start = page * bus.ReadWord(BiosData.VideoPageBytes);
        bus.WriteByte(BiosData.VideoPage, page);
        bus.WriteWord(BiosData.VideoPageStart, (ushort)start);
        text.WriteCrt(0x0C, (byte)(start >> 9));
        text.WriteCrt(0x0D, (byte)(start >> 1));
        (int row, int column) = text.Cursor(page);
        text.MoveCursor(page, row, column);
    }

    private void Repeat(CpuFrame frame, byte? attribute)
    {
        (int row, int column) = text.Cursor(frame.Bh);
        text.Repeat(frame.Bh, row, column, frame.Cx, frame.Al, attribute);
    }

    private void WriteString(CpuFrame frame)
    {
        const byte MoveCursor = 0x01;
        const byte WithAttributes = 0x02;
        (int oldRow, int oldColumn) = text.Cursor(frame.Bh);
        text.MoveCursor(frame.Bh, frame.Dh, frame.Dl);
        bool pairs = (frame.Al & WithAttributes) != 0;
        uint at = new FarPointer(frame.Es, frame.Bp).Linear;
        for (int i = Math.Min((int)frame.Cx, LargestString); i > 0; i--)
        {
            byte character = bus.ReadByte(at++);
            text.Teletype(frame.Bh, character, pairs ? bus.ReadByte(at++) : frame.Bl);
        }

        if ((frame.Al & MoveCursor) == 0)
        {
            text.MoveCursor(frame.Bh, oldRow, oldColumn);
        }
    }

    private void ServePalette(CpuFrame frame)
    {
        switch (frame.Al)
        {
            case 0x00:
                WriteAttribute(frame.Bl, frame.Bh);
                break;
            case 0x01:
                WriteAttribute(0x11, frame.Bh); // border
                break;
            case 0x02:
                for (byte i = 0; i <= 0x10; i++)
                {
                    WriteAttribute(i == 0x10 ? (byte)0x11 : i, bus.ReadByte(new FarPointer(frame.Es, frame.Dx).Linear + i));
                }

                break;
            case 0x03:
                byte mode = ReadAttribute(0x10);
                WriteAttribute(0x10, (byte)(frame.Bl == 0 ? mode & ~0x08 : mode | 0x08)); // blink or bright background
                break;
            case 0x07:
                frame.Bh = ReadAttribute(frame.Bl);
                break;
            case 0x10:
                bus.Out(PaletteWritePort, frame.Bl);
                bus.Out(PaletteDataPort, frame.Dh);
                bus.Out(PaletteDataPort, frame.Ch);
                bus.Out(PaletteDataPort, frame.Cl);
                break;
            case 0x12:
                bus.Out(PaletteWritePort, frame.Bl);
                for (uint i = 0; i < 3u * Math.Min((uint)frame.Cx, 256); i++)
                {
                    bus.Out(PaletteDataPort, bus.ReadByte(new FarPointer(frame.Es, frame.Dx).Linear + i));
                }

                break;
            case 0x15:
                bus.Out(PaletteReadPort, frame.Bl);
                frame.Dh = bus.In(PaletteDataPort);
                frame.Ch = bus.In(PaletteDataPort);
                frame.Cl = bus.In(PaletteDataPort);
                break;
            default:
                break;
        }
    }

    private void WriteAttribute(byte register, byte value)
    {
        bus.In(StatusPort); // the next write is an index
        bus.Out(AttributePort, (byte)(register & 0x1F));
        bus.Out(AttributePort, value);
        bus.Out(AttributePort, EnablePalette);
    }

    private byte ReadAttribute(byte register)
    {
        bus.In(StatusPort);
        bus.Out(AttributePort, (byte)(register & 0x1F));
        byte value = bus.In(AttributeReadPort);
        bus.In(StatusPort);
        bus.Out(AttributePort, EnablePalette);
        return value;
    }
}
