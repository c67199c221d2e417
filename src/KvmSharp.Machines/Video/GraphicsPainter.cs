using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Paints graphics modes at the size that programs see: dots and lines that the VGA repeats are painted once.</summary>
internal static class GraphicsPainter
{
    private const int Planes = 4;
    private const int PixelsPerByte = 8;

    /// <summary>Paints a mode of the VGA itself.</summary>
    public static Picture PaintVga(ScreenCapture capture, in VgaGeometry geometry, VgaColors colors)
    {
        int mode = capture.Vga.GraphicsController[VgaGraphicsController.Mode];
        bool is256 = (mode & VgaGraphicsController.Shift256) != 0;
        int group = is256 ? Planes : PixelsPerByte;
        int repeat = geometry.LineRepeat;
        var picture = new Picture(geometry.Columns * group, Math.Max(1, geometry.Lines / repeat));
        Span<int> pixels = stackalloc int[PixelsPerByte];
        for (int y = 0; y < picture.Height; y++)
        {
            (int address, int scan) = geometry.Line(y * repeat);
            Span<uint> line = picture.Row(y);
            for (int column = 0; column < geometry.Columns; column++)
            {
                ReadOnlySpan<byte> place = capture.Memory.Slice(Planes * geometry.Place(address + column, scan), Planes);
                Span<uint> painted = line.Slice(column * group, group);
                if (is256)
                {
                    for (int x = 0; x < Planes; x++)
                    {
                        painted[x] = colors.OfPixel(place[x]);
                    }

                    continue;
                }

                Separate(place, (mode & VgaGraphicsController.ShiftInterleave) != 0, pixels);
                for (int x = 0; x < PixelsPerByte; x++)
                {
                    painted[x] = colors.OfAttribute(pixels[x]);
                }
            }
        }

        return picture;
    }

    /// <summary>Paints a mode of the display interface.</summary>
    public static Picture PaintLinear(ScreenCapture capture, VgaColors colors)
    {
        BochsDisplayState display = capture.Display;
        var picture = new Picture(display.Width, display.Height);
        Span<int> pixels = stackalloc int[PixelsPerByte];
        for (int y = 0; y < picture.Height; y++)
        {
            Span<uint> line = picture.Row(y);
            int start = ((y + display.OffsetY) * display.VirtualWidth) + display.OffsetX;
            for (int x = 0; x < line.Length; x++)
            {
                if (display.BitsPerPixel == 4)
                {
                    Separate(Bytes(capture, (start + x) / PixelsPerByte * Planes), interleaved: false, pixels);
                    line[x] = colors.OfAttribute(pixels[(start + x) % PixelsPerByte]);
                }
                else
                {
                    line[x] = LinearPixel(Bytes(capture, (start + x) * ((display.BitsPerPixel + 7) / 8)), display.BitsPerPixel, colors);
                }
            }
        }

        return picture;
    }

    // Four bytes at a place of the memory, which ends behind its last place.
    private static ReadOnlySpan<byte> Bytes(ScreenCapture capture, int at) =>
        capture.Memory.Slice(Math.Min(at, capture.Memory.Length - sizeof(uint)), sizeof(uint));

    private static uint LinearPixel(ReadOnlySpan<byte> bytes, int bits, VgaColors colors)
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return bits switch
        {
            8 => colors.OfPixel(bytes[0]),
            15 => (Scale(value >> 10, 5) << 16) | (Scale(value >> 5, 5) << 8) | Scale(value, 5),
            16 => (Scale(value >> 11, 5) << 16) | (Scale(value >> 5, 6) << 8) | Scale(value, 5),
            _ => value & 0xFF_FFFF,
        };
    }

    private static uint Scale(uint value, int bits)
    {
        uint level = value & ((1u << bits) - 1);
        return (level << (8 - bits)) | (level >> ((2 * bits) - 8));
    }

    // The shift registers: one bit of each plane makes a pixel, or, as a CGA has it, two bits of planes 0 and 2, then of 1 and 3.
    private static void Separate(ReadOnlySpan<byte> place, bool interleaved, Span<int> pixels)
    {
        for (int x = 0; x < PixelsPerByte; x++)
        {
            if (interleaved)
            {
                int plane = x / 4;
                int shift = 6 - (2 * (x % 4));
                pixels[x] = (place[plane] >> shift & 3) | ((place[plane + 2] >> shift & 3) << 2);
            }
            else
            {
                int shift = 7 - x;
                pixels[x] = (place[0] >> shift & 1) | ((place[1] >> shift & 1) << 1) | ((place[2] >> shift & 1) << 2) | ((place[3] >> shift & 1) << 3);
            }
        }
    }
}
