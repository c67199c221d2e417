using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;

namespace KvmSharp.Cli.Labs;

/// <summary>The process that compiles submissions: the SDK's csc, called again and again in one process, so that it is warm from the second on.</summary>
/// <remarks>
/// A request is a line of arguments parted by tabs; the answer is a line with the status and a count, then as many lines of the compiler's.
/// It is not csc's own server: that one is everybody's, and under load it may fail to start.
/// </remarks>
internal static class CompilerHost
{
    /// <summary>The word on the command line that makes kvmsharp this process.</summary>
    public const string Word = "[lab-compiler]";

    /// <summary>Serves requests until standard input ends.</summary>
    /// <param name="compiler">The path of csc.dll.</param>
    public static int Run(string compiler)
    {
        string folder = Path.GetDirectoryName(compiler)!;
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Combine(folder, name.Name + ".dll") is var path && File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
        MethodInfo entry = AssemblyLoadContext.Default.LoadFromAssemblyPath(compiler).EntryPoint!;
        TextWriter answers = Console.Out;
        while (Console.In.ReadLine() is { } request)
        {
            using var said = new StringWriter();
            Console.SetOut(said);
            object? status = entry.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [request.Split('\t')], CultureInfo.InvariantCulture);
            string[] lines = said.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            answers.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{status} {lines.Length}"));
            Array.ForEach(lines, answers.WriteLine);
            answers.Flush();
        }

        return ExitStatus.Success;
    }
}
