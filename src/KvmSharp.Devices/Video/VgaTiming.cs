namespace KvmSharp.Devices;

/// <summary>Where the beam is: the CRT controller's counters as a function of virtual time.</summary>
/// <remarks>Registers that make no picture a monitor could show count as those of the 400-line text mode, so that a wait for the retrace always ends.</remarks>
internal static class VgaTiming
{
    private const byte DisplayDisabled = 0x01; // bits of input status register 1
    private const byte VerticalRetrace = 0x08;

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long DotClock25 = 25_175_000;
    private const long DotClock28 = 28_322_000;
    private const long FewestCharacters = 10_000; // per frame, blanking counted

    /// <summary>Gets input status register 1 at a time.</summary>
    public static byte Status(long now, byte miscellaneousOutput, byte clockingMode, VgaIndexedRegisters crtc)
    {
        long total = crtc[VgaCrtController.HorizontalTotal] + 5;
        long shown = crtc[VgaCrtController.HorizontalDisplayEnd] + 1;
        long lines = Vertical(crtc, VgaCrtController.VerticalTotal, bit8: 0, bit9: 5) + 2;
        long linesShown = Vertical(crtc, VgaCrtController.VerticalDisplayEnd, bit8: 1, bit9: 6) + 1;
        long retrace = Vertical(crtc, VgaCrtController.VerticalRetraceStart, bit8: 2, bit9: 7);
        long retraceLines = Math.Max(1, (crtc[VgaCrtController.VerticalRetraceEnd] - retrace) & 0x0F);
        if (total * lines < FewestCharacters)
        {
            (total, shown, lines, linesShown, retrace, retraceLines) = (100, 80, 449, 400, 412, 2);
        }

        long dots = (clockingMode & VgaSequencer.EightDots) != 0 ? 8 : 9;
        dots *= (clockingMode & VgaSequencer.HalfDotClock) != 0 ? 2 : 1;
        long clock = (miscellaneousOutput & VgaMiscellaneousOutput.ClockSelect) == VgaMiscellaneousOutput.Clock28MHz ? DotClock28 : DotClock25;
        long lineTime = total * dots * NanosecondsPerSecond / clock;
        long place = now % (lineTime * lines);
        long line = place / lineTime;
        long character = place % lineTime * total / lineTime;

        bool inRetrace = line >= retrace && line < retrace + retraceLines;
        bool displayed = line < linesShown && character < shown;
        return (byte)((displayed ? 0 : DisplayDisabled) | (inRetrace ? VerticalRetrace : 0));
    }

    private static long Vertical(VgaIndexedRegisters crtc, int register, int bit8, int bit9)
    {
        int overflow = crtc[VgaCrtController.Overflow];
        return crtc[register] | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
    }
}
