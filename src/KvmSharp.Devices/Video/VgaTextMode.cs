namespace KvmSharp.Devices;

/// <summary>BIOS mode 3 as register values: 80 x 25 characters of 9 x 16 dots in 16 colours.</summary>
/// <remarks>Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", the register values of each BIOS mode.</remarks>
internal static class VgaTextMode
{
    private const byte MiscellaneousOutput = 0x67; // 28 MHz, ports at 3Dxh, memory on, 400 lines
    private const int EgaColors = 64;
    private const byte FullPrimary = 0x2A; // a colour bit of 6-bit components: two thirds
    private const byte FullSecondary = 0x15; // its intensity: one third
    private const int FontBytesPerCharacter = 32;
    private const int FontPlane = 2;
    private const int Planes = 4;

    private static readonly Lazy<byte[]> Made = new(MakeMemory);

    private static readonly byte[] Sequencer = [0x03, 0x00, 0x03, 0x00, 0x02];

    private static readonly byte[] CrtController =
    [
        0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0x00,
        0x00, 0x00, 0x00, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
    ];

    private static readonly byte[] GraphicsController = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF];

    private static readonly byte[] AttributeController =
    [
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0x00, 0x0F, 0x08, 0x00,
    ];

    /// <summary>Gets the memory, which nobody may change: the first font, and a screen of grey spaces.</summary>
    public static byte[] Memory => Made.Value;

    /// <summary>Makes the registers; the display has the palette.</summary>
    public static VgaState MakeState()
    {
        var dac = new VgaDacState { PixelMask = 0xFF };
        for (int color = 0; color < EgaColors; color++)
        {
            // Bits 0 to 2 are blue, green and red, bits 3 to 5 the same at half the strength.
            for (int component = 0; component < VgaPalette.Components; component++)
            {
                int bit = VgaPalette.Components - 1 - component;
                int value = ((color >> bit & 1) * FullPrimary) + ((color >> (bit + VgaPalette.Components) & 1) * FullSecondary);
                dac.Set(color, component, (byte)value);
            }
        }

        return new VgaState
        {
            MiscellaneousOutput = MiscellaneousOutput,
            Sequencer = Unit(Sequencer),
            CrtController = Unit(CrtController),
            GraphicsController = Unit(GraphicsController),
            AttributeController = Unit(AttributeController) with { Index = VgaAttributeController.PaletteToDisplay },
            Dac = dac,
        };
    }

    // The first font, and a screen of grey spaces.
    private static byte[] MakeMemory()
    {
        const byte GreyOnBlack = 0x07;
        var memory = new byte[VideoMemory.VgaBytes];
        for (int place = 0; place < VideoMemory.VgaBytes / Planes; place += 2) // word mode: every other place
        {
            memory[Planes * place] = (byte)' ';
            memory[(Planes * place) + 1] = GreyOnBlack;
        }

        ReadOnlySpan<byte> glyphs = VgaFont.Glyphs;
        for (int line = 0; line < glyphs.Length; line++)
        {
            int place = (line / VgaFont.Height * FontBytesPerCharacter) + (line % VgaFont.Height);
            memory[(Planes * place) + FontPlane] = glyphs[line];
        }

        return memory;
    }

    private static VgaIndexedState Unit(ReadOnlySpan<byte> registers)
    {
        var state = default(VgaIndexedState);
        for (int i = 0; i < registers.Length; i++)
        {
            state.Set(i, registers[i]);
        }

        return state;
    }
}
