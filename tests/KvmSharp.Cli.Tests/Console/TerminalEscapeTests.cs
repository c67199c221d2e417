using System.Text;

namespace KvmSharp.Cli.Tests;

public class TerminalEscapeTests
{
    private int _quits;
    private int _helps;

    [Theory]
    [InlineData("plain", "plain", 0, 0)]
    [InlineData("a\u0001xb", "ab", 1, 0)]
    [InlineData("a\u0001hb", "ab", 0, 1)]
    [InlineData("a\u0001\u0001b", "a\u0001b", 0, 0)]
    [InlineData("a\u0001zb", "ab", 0, 0)]
    public void Filter_Typed_TakesEscapesOut(string typed, string left, int quits, int helps)
    {
        var escape = new TerminalEscape(() => _quits++, () => _helps++);

        string result = Encoding.ASCII.GetString(escape.Filter(Encoding.ASCII.GetBytes(typed)));

        (result, _quits, _helps).Should().Be((left, quits, helps));
    }

    [Fact]
    public void Filter_EscapeInTwoReads_IsStillOne()
    {
        var escape = new TerminalEscape(() => _quits++, () => _helps++);

        escape.Filter([1]).Length.Should().Be(0);
        escape.Filter("x"u8.ToArray()).Length.Should().Be(0);

        _quits.Should().Be(1);
    }
}
