using System.CommandLine;

namespace KvmSharp.Cli.Tests;

public class HelpTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("run", "--help")]
    [InlineData("asm", "-h")]
    [InlineData("compare", "--help")]
    [InlineData("explain", "--help")]
    [InlineData("walk", "--help")]
    [InlineData("regs", "--help")]
    [InlineData("mem", "--help")]
    [InlineData("disasm", "--help")]
    [InlineData("guests", "--help")]
    [InlineData("guests", "list", "--help")]
    [InlineData("guests", "run", "--help")]
    [InlineData("lab", "--help")]
    [InlineData("lab", "grade", "--help")]
    [InlineData("doctor", "--help")]
    [InlineData("completion", "--help")]
    public void Help_EachVerb_EndsWithExamples(params string[] args)
    {
        Cli.Result result = Cli.Run(args);

        (result.Status, result.Errors).Should().Be((0, string.Empty));
        result.Text.Should().Contain("Usage:").And.Match("*Examples:*  kvmsharp *");
    }

    [Fact]
    public void Help_Examples_AreValidCommandLines()
    {
        RootCommand root = Program.CreateRoot();
        IEnumerable<string> lines = AllVerbs(root).SelectMany(v => v.Examples).Select(e => e.Line);

        foreach (string line in lines.Where(l => l.StartsWith("kvmsharp ", StringComparison.Ordinal)))
        {
            string command = line["kvmsharp ".Length..].Split(" > ")[0];
            root.Parse(command).Errors.Should().BeEmpty(line);
        }
    }

    [Fact]
    public void Help_EachVerb_HasExamples() => AllVerbs(Program.CreateRoot()).Should().OnlyContain(v => v.Examples.Count > 0);

    [Theory]
    [InlineData("run")]
    [InlineData("asm")]
    public void Help_Defaults_AreShownOnceAndAsTheyAreWritten(string verb)
    {
        string text = Cli.Run(verb, "--help").Text;
        text.Should().Contain("[default: 64M]").And.Contain("[default: max]").And.Contain("[default: no limit]");
        text.Should().NotMatchRegex(@"\[default: (\d{6,}|\d\d:\d\d:\d\d|None)\]");
        text.Split('\n').Should().NotContain(line => line.Split("[default:", StringSplitOptions.None).Length > 2);
    }

    [Fact]
    public void Help_Run_HasEveryOption() =>
        Cli.Run("run", "--help").Text.Should().ContainAll(
            "--disk <FILE", "--cdrom <FILE>", "--floppy <FILE", "--boot <ORDER>", "--bios <FILE>", "--option-rom <FILE>", "--kernel <FILE>", "--initrd <FILE>", "--append <STR>",
            "--module <FILE>", "--cpus <N>", "--apic <on|off>", "--screen <none|text>", "--screenshot-at-exit <FILE>", "--engine <interpreter|translator|auto>", "--code-cache <SIZE>", "format=raw|qcow2", "overlay=discard|PATH", "bus=ide|virtio");

    [Fact]
    public void Version_IsANumber() => Cli.Run("--version").Text.Trim().Should().MatchRegex(@"^\d+\.\d+\.\d+$");

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "compdef")]
    [InlineData("fish", "complete -c kvmsharp")]
    public void Completion_EachShell_PrintsItsScript(string shell, string content) => Cli.Run("completion", shell).Text.Should().Contain(content).And.Contain("[suggest:");

    [Fact]
    public void Suggest_PartOfAnOption_GivesTheOption() =>
        Cli.Run("[suggest:8]", "run --de").Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Should().Contain(["--debug-exit", "--deterministic"]);

    private static IEnumerable<Verb> AllVerbs(Command command) =>
        command.Subcommands.OfType<Verb>().SelectMany(v => AllVerbs(v).Prepend(v));
}
