using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What the monitor of a PC shows, as text and as a picture. May be read from any thread, also while the machine runs.</summary>
/// <param name="gate">The machine's device lock, which is held while the state is copied and not while it is painted.</param>
/// <param name="vga">The adapter.</param>
/// <param name="display">Its display interface, if there is one.</param>
public sealed class PcScreen(DeviceLock gate, Vga vga, BochsDisplay? display = null)
{
    private const int BlankWidth = 720; // a monitor without a picture, as large as the text mode's
    private const int BlankHeight = 400;

    /// <summary>Gets a value indicating whether nothing was drawn since the machine started with an empty text screen.</summary>
    public bool IsUntouched
    {
        get
        {
            using (gate.Enter())
            {
                return vga.Memory.IsEmptyScreen;
            }
        }
    }

    /// <summary>Copies what decides the picture.</summary>
    /// <param name="capture">Receives it; use one again to save memory.</param>
    public void Capture(ScreenCapture capture)
    {
        ArgumentNullException.ThrowIfNull(capture);
        using (gate.Enter())
        {
            capture.Fill(vga, display);
        }
    }

    /// <summary>Reads the text screen.</summary>
    /// <returns>The cells; none in a graphics mode.</returns>
    public TextScreen ReadText() => ReadText(new ScreenCapture());

    /// <summary>Reads the text screen by way of a capture that is used again.</summary>
    /// <param name="capture">Is filled anew.</param>
    /// <returns>The cells; none in a graphics mode.</returns>
    public TextScreen ReadText(ScreenCapture capture)
    {
        ArgumentNullException.ThrowIfNull(capture);
        using (gate.Enter())
        {
            capture.Fill(vga, display, textOnly: true);
        }

        return TextScreen.From(capture);
    }

    /// <summary>Paints the picture.</summary>
    /// <returns>The picture; black while the display is switched off.</returns>
    public Picture ReadPicture()
    {
        var capture = new ScreenCapture();
        Capture(capture);
        var colors = new VgaColors(capture);
        if (capture.IsLinear)
        {
            return GraphicsPainter.PaintLinear(capture, colors);
        }

        var geometry = new VgaGeometry(capture.Vga);
        return geometry.IsBlank ? new Picture(BlankWidth, BlankHeight)
            : geometry.IsText ? TextPainter.Paint(capture, geometry, colors)
            : GraphicsPainter.PaintVga(capture, geometry, colors);
    }
}
