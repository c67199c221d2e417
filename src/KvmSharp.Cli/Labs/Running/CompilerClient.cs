using System.Diagnostics;
using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>The grader's end of the <see cref="CompilerHost"/>: starts it when it is needed, and anew when a source has brought it down.</summary>
internal sealed class CompilerClient(DotnetInstallation dotnet) : IDisposable
{
    private const int MostLines = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private Process? _host;

    /// <summary>Compiles.</summary>
    /// <param name="arguments">The arguments of csc.</param>
    /// <returns>The compiler's status, and the first lines that it says; null when it came to no end.</returns>
    public (int Status, IReadOnlyList<string> Lines)? Compile(IReadOnlyList<string> arguments)
    {
        lock (_gate)
        {
            try
            {
                _host ??= Start();
                _host.StandardInput.WriteLine(string.Join('\t', arguments));
                _host.StandardInput.Flush();
                Task<(int, IReadOnlyList<string>)?> answer = Task.Run(() => ReadAnswer(_host.StandardOutput));
                if (answer.Wait(Patience) && answer.Result is { } result)
                {
                    return result;
                }
            }
            catch (IOException)
            {
                // It went while we wrote.
            }

            Stop(kill: true);
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            Stop(kill: false);
        }
    }

    private static (int Status, IReadOnlyList<string> Lines)? ReadAnswer(StreamReader reader)
    {
        if (reader.ReadLine()?.Split(' ') is not [var status, var count])
        {
            return null;
        }

        var lines = new List<string>();
        for (int i = int.Parse(count, CultureInfo.InvariantCulture); i > 0 && reader.ReadLine() is { } line; i--)
        {
            if (lines.Count < MostLines)
            {
                lines.Add(line);
            }
        }

        return (int.Parse(status, CultureInfo.InvariantCulture), lines);
    }

    private Process Start()
    {
        var info = new ProcessStartInfo(dotnet.Host) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Array.ForEach(["exec", Path.Combine(AppContext.BaseDirectory, "kvmsharp.dll"), CompilerHost.Word, dotnet.Compiler], info.ArgumentList.Add);
        return ProcessStarts.Start(() => Process.Start(info)!);
    }

    private void Stop(bool kill)
    {
        if (kill)
        {
            _host?.Kill(entireProcessTree: true);
        }
        else
        {
            _host?.StandardInput.Close(); // the end of its input is the end of its work
        }

        _host?.Dispose();
        _host = null;
    }
}
