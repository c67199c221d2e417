using System.Runtime.Intrinsics;
using System.Text;
using KvmSharp.Operations.Simd;

namespace KvmSharp.Tests.Operations.Simd;

public class TextComparisonTests
{
    [Theory]
    [InlineData("aeiou", "rhythm and", 0x00, 7)] // any of a set
    [InlineData("azAZ", "123-x", 0x04, 4)] // in a range
    [InlineData("needle", "a needless th", 0x0C, 2)] // where a string begins
    [InlineData("same text", "same test", 0x18, 7)] // first difference
    [InlineData("xyz", "abc", 0x00, 16)] // nothing found
    public void Index_TextbookUses_FindThePlace(string first, string second, byte control, int expected)
    {
        Vector128<byte> a = Text(first), b = Text(second);
        uint result = TextComparison.Compare(
            a, TextComparison.ImplicitLength(a, control), b, TextComparison.ImplicitLength(b, control), control);
        TextComparison.Index(result, control).Should().Be(expected);
    }

    [Fact]
    public void Flags_StringsThatEnd_ShowWhichOnes() =>
        TextComparison.Flags(0b11, 16, 5, 0).Should().Be(Expected.Carry | Expected.Zero | Expected.Overflow);

    [Theory]
    [InlineData(-3L, 0, 3)]
    [InlineData(100L, 0, 16)]
    [InlineData(long.MinValue, 1, 8)]
    public void ExplicitLength_AnyRegister_IsItsMagnitudeSaturated(long register, byte control, int expected) =>
        TextComparison.ExplicitLength(register, control).Should().Be(expected);

    private static Vector128<byte> Text(string text)
    {
        byte[] bytes = new byte[16];
        Encoding.ASCII.GetBytes(text, bytes);
        return Vector128.Create(bytes);
    }
}
