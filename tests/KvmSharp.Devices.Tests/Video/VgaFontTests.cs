namespace KvmSharp.Devices.Tests;

public sealed class VgaFontTests
{
    private static byte[] Glyph(char character) => VgaFont.Glyphs.Slice(CodePage437.Characters.IndexOf(character, 1) * VgaFont.Height, VgaFont.Height).ToArray();

    [Fact]
    public void Glyphs_EveryCharacterButSpaces_IsDrawnAndDiffersFromAllOthers()
    {
        VgaFont.Glyphs.Length.Should().Be(256 * 16);
        var glyphs = Enumerable.Range(0, 256).Select(code => Convert.ToHexString(VgaFont.Glyphs.Slice(code * 16, 16))).ToList();
        glyphs.Where((_, code) => CodePage437.Characters[code] == ' ').Distinct().Should().Equal(new string('0', 32));
        glyphs.Where((_, code) => CodePage437.Characters[code] != ' ').Should().OnlyHaveUniqueItems().And.NotContain(new string('0', 32));
    }

    [Fact]
    public void Glyphs_LettersAndDigits_KeepTheRightColumnFree()
    {
        foreach (char character in Enumerable.Range('!', 94).Select(c => (char)c).Where(char.IsAsciiLetterOrDigit))
        {
            Glyph(character).Should().OnlyContain(line => (line & 1) == 0, "{0} must not touch the next character", character);
        }
    }

    [Theory]
    [InlineData('─', 7, 0xFF)]
    [InlineData('═', 6, 0xFF)]
    [InlineData('═', 7, 0x00)]
    [InlineData('═', 8, 0xFF)]
    [InlineData('║', 0, 0x24)]
    [InlineData('╬', 6, 0xE7)]
    [InlineData('╬', 7, 0x00)]
    [InlineData('╔', 6, 0x3F)]
    [InlineData('╔', 8, 0x27)]
    [InlineData('┼', 7, 0xFF)]
    [InlineData('█', 15, 0xFF)]
    [InlineData('▀', 8, 0x00)]
    public void Glyphs_Boxes_JoinAtTheEdges(char character, int line, byte dots) => Glyph(character)[line].Should().Be(dots);

    [Fact]
    public void CodePage437_Characters_Are256WithAsciiInPlace()
    {
        CodePage437.Characters.Length.Should().Be(256);
        Enumerable.Range(0x20, 0x5F).All(code => CodePage437.ToUnicode((byte)code) == code).Should().BeTrue();
    }
}
