using KvmSharp.Conformance.Sources;

namespace KvmSharp.Conformance.Runner;

public sealed class GroupFilterTests
{
    [Theory]
    [InlineData(null, "m32/alu", true)]
    [InlineData("", "m32/alu", true)]
    [InlineData("m32/alu", "m32/alu", true)]
    [InlineData("m32/alu", "m16/alu", false)]
    [InlineData("m*/seg, realmode*", "m64/seg", true)]
    [InlineData("m*/seg, realmode*", "realmode-80286/0x", true)]
    [InlineData("m*/seg, realmode*", "m64/alu", false)]
    public void Matches_Patterns_SelectGroups(string? patterns, string group, bool expected) =>
        new GroupFilter(patterns).Matches(group).Should().Be(expected);
}
