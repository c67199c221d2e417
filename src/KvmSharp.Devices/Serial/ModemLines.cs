namespace KvmSharp.Devices;

/// <summary>The four modem inputs of a 16550, in the order of MSR's bits 4 to 7: CTS, DSR, RI, DCD.</summary>
/// <remarks>Source: PC16550D data sheet, "Modem Status Register" and "Modem Control Register" (bit 4, loopback).</remarks>
internal static class ModemLines
{
    private const byte Cts = 0x01;
    private const byte Dsr = 0x02;
    private const byte Ring = 0x04;
    private const byte Dcd = 0x08;
    private const byte Terminal = Cts | Dsr | Dcd; // somebody is there, and nobody rings

    /// <summary>Gets the levels: the terminal's, or in loopback MCR's outputs RTS, DTR, OUT1 and OUT2.</summary>
    public static byte Levels(byte modemControl, bool loopback) => !loopback
        ? Terminal
        : (byte)((modemControl >> 1 & Cts) | (modemControl << 1 & Dsr) | (modemControl & (Ring | Dcd)));

    /// <summary>Gets MSR's delta bits for a change of levels; ringing counts only where it ends (TERI).</summary>
    public static byte Deltas(int before, int after) => (byte)(((before ^ after) & ~Ring) | (before & ~after & Ring));
}
