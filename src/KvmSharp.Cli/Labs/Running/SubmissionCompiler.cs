namespace KvmSharp.Cli.Labs;

/// <summary>What the compiler made of a submission.</summary>
/// <param name="Assembly">The path of the program; null when there is none.</param>
/// <param name="Errors">The compiler's own messages, each with file, line and column.</param>
internal sealed record Compilation(string? Assembly, IReadOnlyList<string> Errors);

/// <summary>Compiles submissions as <c>dotnet run lab.cs</c> would, with one compiler that stays warm between them.</summary>
/// <remarks>The compiler is a process of its own, so that a source that brings it down costs one compilation and not the grader.</remarks>
internal sealed class SubmissionCompiler : IDisposable
{
    private const string SourceName = "lab.cs";
    private const long LargestSource = 1 << 20;

    // What `dotnet run lab.cs` puts before each file: the SDK's implicit usings.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly string[] OwnAssemblies = ["KvmSharp.Contracts.dll", "KvmSharp.Core.dll", "Iced.dll"];

    private readonly CompilerClient _compiler;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvmsharp-compiler-");
    private readonly string _responseFile;

    public SubmissionCompiler(DotnetInstallation dotnet)
    {
        _compiler = new CompilerClient(dotnet);
        string usings = Path.Combine(_folder.FullName, "usings.cs");
        File.WriteAllText(usings, ImplicitUsings);
        _responseFile = Path.Combine(_folder.FullName, "lab.rsp");
        IEnumerable<string> references = Directory.GetFiles(dotnet.References, "*.dll")
            .Concat(OwnAssemblies.Select(file => Path.Combine(AppContext.BaseDirectory, file)));

        // FileBasedProgram: lines that begin with #: are for `dotnet run`.
        File.WriteAllLines(_responseFile, [
            "-nologo", "-nostdlib", "-target:exe", "-debug:portable", "-optimize", "-deterministic", "-nullable:enable", "-langversion:14", "-features:FileBasedProgram",
            "-warn:0", .. references.Select(path => $"-reference:\"{path}\""), $"\"{usings}\"",
        ]);
    }

    /// <summary>Compiles one submission.</summary>
    /// <param name="source">The student's file, whatever its name.</param>
    /// <param name="output">An empty folder for the program.</param>
    public Compilation Compile(string source, string output)
    {
        // A pipe or a device has no length, and would be read for ever; a link may lead to a file of the grader's.
        var file = new FileInfo(source);
        if (file.LinkTarget is not null || file.Length is 0 or > LargestSource)
        {
            return new Compilation(null, [$"{SourceName} is no file of 1 byte to {LargestSource >> 20} MiB"]);
        }

        // Under one name wherever it came from, for the messages and the line numbers of exceptions.
        string copy = Path.Combine(output, SourceName);
        File.Copy(source, copy);
        string assembly = Path.Combine(output, "lab.dll");
        string[] arguments = ["-noconfig", $"-pathmap:{output}=/lab", $"-out:{assembly}", $"@{_responseFile}", copy];
        if (_compiler.Compile(arguments) is not { } result)
        {
            return new Compilation(null, [$"{SourceName}: the compiler came to no end with this file"]);
        }

        return result.Status == 0 && File.Exists(assembly)
            ? new Compilation(assembly, [])
            : new Compilation(null, [.. result.Lines.Select(WithoutFolder)]);
    }

    // The folder is the grader's; the compiler writes it relative to where it runs.
    private static string WithoutFolder(string line) => line.IndexOf(SourceName + "(", StringComparison.Ordinal) is var at and > 0 ? line[at..] : line;

    /// <inheritdoc/>
    public void Dispose()
    {
        _compiler.Dispose();
        _folder.Delete(recursive: true);
    }
}
