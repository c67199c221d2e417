using System.Text.Json;

namespace KvmSharp.Cli.Tests;

public sealed class EngineTests : IDisposable
{
    private const string Loop = "xor ax,ax; mov [8000h],ax; mov cx,1000; again: add ax,cx; loop again; cli; hlt";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("interpreter")]
    [InlineData("translator")]
    [InlineData("auto")]
    public void Run_EachEngine_GivesTheSameRun(string engine)
    {
        using JsonDocument stats = Stats("--engine", engine);

        stats.RootElement.GetProperty("instructions").GetInt64().Should().Be(2005);
    }

    [Fact]
    public void Run_Interpreter_TranslatesNothing()
    {
        using JsonDocument stats = Stats("--engine", "interpreter");

        JsonElement engine = stats.RootElement.GetProperty("engine");
        engine.GetProperty("blocks").GetInt64().Should().BePositive();
        engine.GetProperty("regions").GetInt64().Should().Be(0);
        engine.GetProperty("translatedInstructions").GetInt64().Should().Be(0);
        engine.GetProperty("retiredTranslatedPercent").GetDouble().Should().Be(0);
        engine.GetProperty("translationSeconds").GetDouble().Should().Be(0);
        engine.GetProperty("tlbMisses").GetInt64().Should().BePositive();
        engine.GetProperty("sideExits").EnumerateObject().Select(p => p.Name).Should().Equal(Enum.GetNames<SideExitReason>());
    }

    [Fact]
    public void Run_StatsAsTable_TellsWhatTheEngineDid()
    {
        string errors = Cli.Run("run", _folder.Image(Loop), "--engine", "interpreter", "--stats").Errors;

        errors.Should().Contain("blocks decoded").And.Contain("regions translated").And.Contain("instructions in regions").And.Contain("time translating")
            .And.Contain("retired translated").And.Contain("left for Memory").And.Contain("TLB misses").And.Contain("MIPS");
    }

    [Theory]
    [InlineData("--engine", "jit")]
    [InlineData("--code-cache", "0")]
    [InlineData("--code-cache", "much")]
    public void Run_ValueThatIsNone_IsAUsageError(string option, string value)
    {
        Cli.Result result = Cli.Run("run", _folder.Image(Loop), option, value);

        result.Status.Should().Be(2);
        result.Errors.Should().Contain(option).And.Contain(value);
    }

    [Fact]
    public void Run_SmallCodeCache_RunsTheGuest()
    {
        using JsonDocument stats = Stats("--engine", "translator", "--code-cache", "64K");

        stats.RootElement.GetProperty("stop").GetString().Should().Be("Halted");
    }

    private JsonDocument Stats(params string[] options)
    {
        Cli.Result result = Cli.Run(["run", _folder.Image(Loop), "--deterministic", "--stats", "--stats-format", "json", .. options]);
        result.Status.Should().Be(0, result.Errors);
        return JsonDocument.Parse(result.Errors);
    }
}
