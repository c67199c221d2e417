using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The way of a pixel to the monitor: attribute palette, colour select, mask, converter. Colours are 00RRGGBBh.</summary>
internal sealed class VgaColors
{
    private const int PaletteRegisters = 16;

    private readonly uint[] _converter = new uint[256];
    private readonly uint[] _palette = new uint[PaletteRegisters];

    public VgaColors(ScreenCapture capture)
    {
        const ushort EightBitDac = 0x20;
        VgaDacState dac = capture.Vga.Dac;
        VgaPalette palette = dac.Palette;
        bool eightBits = (capture.Display.Enable & EightBitDac) != 0;
        for (int i = 0; i < _converter.Length; i++)
        {
            int pixel = i & dac.PixelMask;
            _converter[i] = Level(palette[VgaPalette.Components * pixel], eightBits) << 16
                | Level(palette[(VgaPalette.Components * pixel) + 1], eightBits) << 8
                | Level(palette[(VgaPalette.Components * pixel) + 2], eightBits);
        }

        VgaIndexedState attributes = capture.Vga.AttributeController;
        int select = attributes[VgaAttributeController.ColorSelect];
        bool selectsTwo = (attributes[VgaAttributeController.ModeControl] & VgaAttributeController.Palette54FromSelect) != 0;
        for (int i = 0; i < _palette.Length; i++)
        {
            int color = attributes[i & attributes[VgaAttributeController.ColorPlaneEnable]];
            color = selectsTwo ? (color & 0x0F) | ((select & 0x03) << 4) : color;
            _palette[i] = _converter[color | ((select & 0x0C) << 4)];
        }
    }

    /// <summary>Gets the colour of a pixel of four bits.</summary>
    public uint OfAttribute(int pixel) => _palette[pixel];

    /// <summary>Gets the colour of a pixel of eight bits.</summary>
    public uint OfPixel(int pixel) => _converter[pixel];

    private static uint Level(byte component, bool eightBits) => eightBits ? component : (uint)((component << 2) | (component >> 4)) & 0xFF;
}
