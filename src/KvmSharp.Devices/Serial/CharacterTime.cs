namespace KvmSharp.Devices;

/// <summary>How long characters take on a PC's serial line, where a bit is 16 cycles of 1.8432 MHz times the divisor latch.</summary>
internal static class CharacterTime
{
    private const int CharactersUntilTimeout = 4;

    // 16 / 1.8432 MHz = 78125/9 ns.
    private const long BitNumerator = 78_125;
    private const long BitDenominator = 9;

    /// <summary>Gets the character timeout: four characters, in nanoseconds.</summary>
    /// <param name="lineControl">LCR: WLS in bits 0 and 1, STB in bit 2, PEN in bit 3.</param>
    /// <param name="divisor">The divisor latch; 0 counts as 65536.</param>
    public static long Timeout(byte lineControl, ushort divisor)
    {
        int data = 5 + (lineControl & 3);
        int parity = lineControl >> 3 & 1;
        int stop = 1 + (lineControl >> 2 & 1);
        long bits = CharactersUntilTimeout * (1 + data + parity + stop);
        return bits * (divisor == 0 ? 0x1_0000 : divisor) * BitNumerator / BitDenominator;
    }
}
