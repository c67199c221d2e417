namespace KvmSharp.Devices;

/// <summary>Scan code sets 1 and 2, and the way between them that is wired into every PC's keyboard controller.</summary>
/// <remarks>Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller", scan code translation.</remarks>
internal static class ScanCodes
{
    /// <summary>Comes before a code of set 2 when the key is released.</summary>
    public const byte Set2Break = 0xF0;

    /// <summary>Set in a code of set 1 when the key is released.</summary>
    public const byte Set1Break = 0x80;

    /// <summary>Comes before the code of a key that was added to the 84-key keyboard; the same in both sets.</summary>
    public const byte Extended = 0xE0;

    // Above 7Fh only two codes are translated: F7 and Alt+SysRq.
    private const byte Set2F7 = 0x83;
    private const byte Set1F7 = 0x41;
    private const byte Set2SysRq = 0x84;
    private const byte Set1SysRq = 0x54;

    // Row by row, the codes of set 1 for 00h, 01h, ... 7Fh of set 2.
    private static readonly byte[] Set1BySet2 = Convert.FromHexString(
        "FF43413F3D3B3C58" + "644442403E0F2959" + "65382A701D10025A" + "66712C1F1E11035B" +
        "672E2D201205045C" + "68392F211413065D" + "693130232215075E" + "6A7232241608095F" +
        "6B332517180B0A60" + "6C34352627190C61" + "6D7328741A0D626E" + "3A361C1B752B6376" +
        "55567778797A0E7B" + "7C4F7D4B477E7F6F" + "5253504C4D480145" + "574E514A37494654");

    private static readonly byte[] Set2BySet1 = Invert();

    /// <summary>Gets what the controller gives for a byte of the keyboard's while translation is on; the break prefix is the caller's.</summary>
    public static byte ToSet1(byte set2) => set2 switch
    {
        < 0x80 => Set1BySet2[set2],
        Set2F7 => Set1F7,
        Set2SysRq => Set1SysRq,
        _ => set2,
    };

    /// <summary>Gets the code of set 2 for one of set 1.</summary>
    /// <param name="set1">A make code, 01h to 7Fh.</param>
    public static byte ToSet2(byte set1) => Set2BySet1[set1 & ~Set1Break];

    private static byte[] Invert()
    {
        var inverse = new byte[Set1Break];
        for (int code = 1; code < Set1BySet2.Length; code++)
        {
            inverse[Set1BySet2[code]] = (byte)code;
        }

        inverse[Set1F7] = Set2F7;
        inverse[Set1SysRq] = Set2SysRq;
        return inverse;
    }
}
