using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KvmSharp.Cli;

/// <summary>A command whose help ends with examples.</summary>
internal class Verb(string name, string description) : Command(name, description)
{
    /// <summary>Gets the examples: command lines, each with what it does.</summary>
    public IReadOnlyList<(string Line, string Does)> Examples { get; init; } = [];
}

/// <summary>Prints the usual help, then the examples of the verb.</summary>
internal sealed class HelpWithExamples(HelpAction help, IReadOnlyList<(string Line, string Does)> rootExamples) : SynchronousCommandLineAction
{
    /// <summary>Gets true: asked for help, nobody wants to read that an argument is missing.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        IReadOnlyList<(string Line, string Does)> examples = parseResult.CommandResult.Command is Verb verb ? verb.Examples : rootExamples;
        output.WriteLine("Examples:");
        foreach ((string line, string does) in examples)
        {
            output.WriteLine($"  {line}");
            output.WriteLine($"      {does}");
        }

        output.WriteLine();
        return ExitStatus.Success;
    }
}
