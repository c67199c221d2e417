namespace KvmSharp.Devices;

/// <summary>The character set of the IBM PC: what each code of a text screen looks like, as a Unicode character.</summary>
public static class CodePage437
{
    /// <summary>The 256 characters in order; 00h and FFh, which show nothing, are spaces.</summary>
    public const string Characters =
        " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼" + "►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
        + " !\"#$%&'()*+,-./" + "0123456789:;<=>?"
        + "@ABCDEFGHIJKLMNO" + "PQRSTUVWXYZ[\\]^_"
        + "`abcdefghijklmno" + "pqrstuvwxyz{|}~⌂"
        + "ÇüéâäàåçêëèïîìÄÅ" + "ÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
        + "áíóúñÑªº¿⌐¬½¼¡«»" + "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
        + "└┴┬├─┼╞╟╚╔╩╦╠═╬╧" + "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
        + "αßΓπΣσµτΦΘΩδ∞φε∩" + "≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

    /// <summary>Gets the character of a code.</summary>
    /// <param name="code">The code.</param>
    /// <returns>The character.</returns>
    public static char ToUnicode(byte code) => Characters[code];
}
