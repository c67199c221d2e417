using KvmSharp.Conformance.Results;

namespace KvmSharp.Conformance.Runner;

public sealed class ReportFileTests
{
    [Fact]
    public void Insert_PageWithMarks_ReplacesWhatLiesBetween() =>
        ReportFile.Insert("a\n<!-- table: begin -->\nold\n<!-- table: end -->\nb\n", "new\n")
            .Should().Be("a\n<!-- table: begin -->\nnew\n<!-- table: end -->\nb\n");

    [Fact]
    public void Insert_PageWithoutMarks_IsRefused()
    {
        Action insert = static () => ReportFile.Insert("a\n", "new\n");
        insert.Should().Throw<InvalidDataException>();
    }
}
