namespace KvmSharp.Cli.Tests;

public sealed class EngineOptionsTests
{
    [Theory]
    [InlineData("interpreter", true, EngineKind.Interpreter)]
    [InlineData("translator", true, EngineKind.Translator)]
    [InlineData("auto", true, EngineKind.Auto)]
    [InlineData("auto", false, EngineKind.Interpreter)]
    [InlineData(null, false, EngineKind.Interpreter)]
    public void Resolve_Word_IsTheEngineThatRuns(string? word, bool hasDynamicCode, EngineKind expected) =>
        EngineOptions.Resolve(word, hasDynamicCode).Should().Be(expected);

    [Fact]
    public void Fault_TranslatorWithoutDynamicCode_SaysSo() =>
        EngineOptions.Fault("translator", hasDynamicCode: false).Should().Contain("makes code while it runs").And.Contain("--engine interpreter");

    [Theory]
    [InlineData("translator", true)]
    [InlineData("interpreter", false)]
    [InlineData("auto", false)]
    public void Fault_EngineThatCanBeHad_IsNone(string word, bool hasDynamicCode) => EngineOptions.Fault(word, hasDynamicCode).Should().BeNull();
}
