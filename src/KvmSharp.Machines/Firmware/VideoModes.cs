namespace KvmSharp.Machines;

/// <summary>The registers and palettes of the standard VGA modes, which only firmware knows: the chip powers on with none.</summary>
/// <remarks>Source: IBM VGA/XGA Technical Reference, "Video Subsystem", register values of the BIOS modes.</remarks>
internal sealed class VideoModes(FirmwareBus bus, bool hasScreen, ReadOnlyMemory<byte> font)
{
    /// <summary>The index port of the CRT controller in colour modes.</summary>
    public const ushort ColorPort = PcLayout.Vga + 0x24;

    /// <summary>The index port of the CRT controller in monochrome modes.</summary>
    public const ushort MonochromePort = PcLayout.Vga + 0x04;

    private const ushort AttributePort = PcLayout.Vga + 0x10;
    private const ushort MiscellaneousPort = PcLayout.Vga + 0x12;
    private const ushort SequencerPort = PcLayout.Vga + 0x14;
    private const ushort PixelMaskPort = PcLayout.Vga + 0x16;
    private const ushort PaletteIndexPort = PcLayout.Vga + 0x18;
    private const ushort PaletteDataPort = PcLayout.Vga + 0x19;
    private const ushort GraphicsPort = PcLayout.Vga + 0x1E;
    private const ushort ColorStatusPort = PcLayout.Vga + 0x2A;
    private const ushort MonochromeStatusPort = PcLayout.Vga + 0x0A;

    private const byte VerticalRetraceEnd = 0x11;   // bit 7 protects registers 0 to 7
    private const byte EnablePalette = 0x20;        // of the attribute index: the screen is on
    private const uint VideoMemory = 0xA_0000;
    private const int PlaneBytes = 0x1_0000;
    private const int FontLines = 16;
    private const int FontStride = 32;

    private static readonly VideoMode[] Modes =
    [
        Text(0x00, columns: 40), Text(0x01, columns: 40), Text(0x02, columns: 80), Text(0x03, columns: 80),
        new()
        {
            Number = 0x07, Columns = 80, Rows = 25, PageBytes = 0x1000, CharacterHeight = 16, Miscellaneous = 0x66,
            Sequencer = "00030002", Crt = "5F4F50825581BF1F004F0D0E00000000" + "9C8E8F280D96B9A3FF",
            Graphics = "0000000000100A00FF", Attributes = "00080808080808081018181818181818" + "0E000F0800",
        },
        new()
        {
            Number = 0x12, Columns = 80, Rows = 30, PageBytes = 0xA000, CharacterHeight = 16, Miscellaneous = 0xE3,
            Sequencer = "010F0006", Crt = "5F4F50825480" + "0B3E00400000000000000000" + "00EA8CDF2800E704E3FF",
            Graphics = "000000000000050FFF", Attributes = "0001020304051407" + "38393A3B3C3D3E3F" + "01000F0000",
        },
        new()
        {
            Number = 0x13, Columns = 40, Rows = 25, PageBytes = 0x2000, CharacterHeight = 8, Miscellaneous = 0x63,
            Sequencer = "010F000E", Crt = "5F4F50825480BF1F0041000000000000" + "9C8E8F284096B9A3FF",
            Graphics = "000000000040050FFF", Attributes = "000102030405060708090A0B0C0D0E0F" + "41000F0000",
        },
    ];

    /// <summary>Finds a mode.</summary>
    /// <param name="number">Its number, without bit 7.</param>
    /// <returns>The mode; null when it is not offered.</returns>
    public static VideoMode? Find(int number) => Array.Find(Modes, m => m.Number == number);

    /// <summary>Programs the chip.</summary>
    public void Program(VideoMode mode)
    {
        if (!hasScreen)
        {
            return;
        }

        bool color = (mode.Miscellaneous & 1) != 0;
        ushort crt = color ? ColorPort : MonochromePort;
        bus.Out(MiscellaneousPort, mode.Miscellaneous);
        WriteIndexed(SequencerPort, 1, Convert.FromHexString(mode.Sequencer));
        WriteIndexed(SequencerPort, 0, [3]); // out of reset
        bus.Out(crt, VerticalRetraceEnd);
        bus.Out((ushort)(crt + 1), 0);
        WriteIndexed(crt, 0, Convert.FromHexString(mode.Crt));
        WriteIndexed(GraphicsPort, 0, Convert.FromHexString(mode.Graphics));
        WriteAttributes(Convert.FromHexString(mode.Attributes), color ? ColorStatusPort : MonochromeStatusPort);
        if (mode.Number == 0x13)
        {
            LoadPalette(VideoPalette.Graphics256());
        }
        else
        {
            LoadPalette(VideoPalette.Ega64());
        }

        if (mode.IsText)
        {
            LoadFont(mode);
        }
        else
        {
            ClearGraphics();
        }
    }

    private static VideoMode Text(int number, int columns) => new()
    {
        Number = number,
        Columns = columns,
        Rows = 25,
        PageBytes = (ushort)(columns == 40 ? 0x0800 : 0x1000),
        CharacterHeight = 16,
        Miscellaneous = 0x67,
        Sequencer = columns == 40 ? "08030002" : "00030002",
        Crt = (columns == 40 ? "2D2728902BA0" : "5F4F50825581") + "BF1F004F0D0E00000000" + "9C8E8F" + (columns == 40 ? "14" : "28") + "1F96B9A3FF",
        Graphics = "0000000000100E00FF",
        Attributes = "0001020304051407" + "38393A3B3C3D3E3F" + "0C000F0800",
    };

    // The index flips between address and data; reading the status makes it an address again.
    private void WriteAttributes(ReadOnlySpan<byte> values, ushort statusPort)
    {
        bus.In(statusPort);
        for (int register = 0; register < values.Length; register++)
        {
            bus.Out(AttributePort, (byte)register);
            bus.Out(AttributePort, values[register]);
        }

        bus.Out(AttributePort, EnablePalette);
    }

    private void WriteIndexed(ushort port, int first, ReadOnlySpan<byte> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            bus.Out(port, (byte)(first + i));
            bus.Out((ushort)(port + 1), values[i]);
        }
    }

    private void LoadPalette(ReadOnlySpan<byte> components)
    {
        bus.Out(PixelMaskPort, byte.MaxValue);
        bus.Out(PaletteIndexPort, 0);
        foreach (byte component in components)
        {
            bus.Out(PaletteDataPort, component);
        }
    }

    // Plane 2 is opened as plain memory at A0000h, takes the glyphs, and is closed again.
    private void LoadFont(VideoMode mode)
    {
        if (font.IsEmpty)
        {
            return;
        }

        WriteIndexed(SequencerPort, 2, [0x04, 0x00, 0x06]);
        WriteIndexed(GraphicsPort, 4, [0x02, 0x00, 0x04]);
        for (int character = 0; character < font.Length / FontLines; character++)
        {
            bus.TryWrite(VideoMemory + (uint)(FontStride * character), font.Span.Slice(FontLines * character, FontLines));
        }

        WriteIndexed(SequencerPort, 1, Convert.FromHexString(mode.Sequencer));
        WriteIndexed(GraphicsPort, 0, Convert.FromHexString(mode.Graphics));
    }

    private void ClearGraphics()
    {
        Span<byte> zeros = stackalloc byte[1024];
        zeros.Clear();
        for (uint at = 0; at < PlaneBytes; at += (uint)zeros.Length)
        {
            bus.TryWrite(VideoMemory + at, zeros);
        }
    }
}

/// <summary>A BIOS video mode: what the data area says of it, and its registers in hexadecimal.</summary>
internal sealed record VideoMode
{
    public required int Number { get; init; }

    public required int Columns { get; init; }

    public required int Rows { get; init; }

    public required ushort PageBytes { get; init; }

    public required byte CharacterHeight { get; init; }

    public required byte Miscellaneous { get; init; }

    /// <summary>Registers 1 to 4.</summary>
    public required string Sequencer { get; init; }

    /// <summary>Registers 00h to 18h.</summary>
    public required string Crt { get; init; }

    /// <summary>Registers 0 to 8.</summary>
    public required string Graphics { get; init; }

    /// <summary>Registers 00h to 14h.</summary>
    public required string Attributes { get; init; }

    public bool IsText => Number is <= 3 or 7;
}
