namespace KvmSharp.Machines;

/// <summary>The default colours of the VGA BIOS: red, green and blue, six bits each, for each of 256 entries.</summary>
/// <remarks>Source: IBM VGA/XGA Technical Reference, "Video Subsystem", default palettes.</remarks>
internal static class VideoPalette
{
    private const int Entries = 256;
    private const int Components = 3;

    // Sixteen greys, as IBM chose them.
    private static readonly byte[] Greys = [0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63];

    // Five steps from least to most of a colour, for three intensities with three saturations each.
    private static readonly byte[][] Ramps =
    [
        [0, 16, 31, 47, 63], [31, 39, 47, 55, 63], [45, 49, 54, 58, 63],
        [0, 7, 14, 21, 28], [14, 17, 21, 24, 28], [20, 22, 24, 26, 28],
        [0, 4, 8, 12, 16], [8, 10, 12, 14, 16], [11, 12, 13, 15, 16],
    ];

    /// <summary>The EGA's 64 colours: two bits for each of red, green and blue, the upper three of the number being the weaker ones.</summary>
    public static byte[] Ega64()
    {
        var palette = new byte[Entries * Components];
        for (int color = 0; color < 64; color++)
        {
            for (int component = 0; component < Components; component++)
            {
                int strong = (color >> (2 - component)) & 1;
                int weak = (color >> (5 - component)) & 1;
                palette[(Components * color) + component] = (byte)((0x2A * strong) + (0x15 * weak));
            }
        }

        return palette;
    }

    /// <summary>Mode 13h: sixteen colours of the CGA, sixteen greys, and 24 hues in nine ramps; the last eight are black.</summary>
    public static byte[] Graphics256()
    {
        var palette = new byte[Entries * Components];
        byte[] ega = Ega64();
        int next = 0;
        for (int color = 0; color < 16; color++)
        {
            // Brown is 14h in the EGA's numbers, and the bright half has all weak bits.
            int number = color == 6 ? 0x14 : color < 8 ? color : color + 0x30;
            ega.AsSpan(Components * number, Components).CopyTo(palette.AsSpan(Components * next++));
        }

        foreach (byte grey in Greys)
        {
            palette.AsSpan(Components * next++, Components).Fill(grey);
        }

        foreach (byte[] ramp in Ramps)
        {
            for (int hue = 0; hue < 24; hue++)
            {
                palette[Components * next] = ramp[Level(hue - 8)];
                palette[(Components * next) + 1] = ramp[Level(hue - 16)];
                palette[(Components * next) + 2] = ramp[Level(hue)];
                next++;
            }
        }

        return palette;
    }

    // How much a colour has at a distance from its own hue on the circle of 24: all for 4 steps either way, then falling over 4 steps.
    private static int Level(int distance)
    {
        int around = Math.Abs(((distance + 36) % 24) - 12);
        return 4 - Math.Clamp(around - 4, 0, 4);
    }
}
