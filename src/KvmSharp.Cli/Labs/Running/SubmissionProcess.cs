using System.Diagnostics;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace KvmSharp.Cli.Labs;

/// <summary>What one run of a submission left.</summary>
internal sealed record SubmissionRun
{
    public required IReadOnlyList<LabEvent> Events { get; init; }

    public required RunEnd End { get; init; }

    /// <summary>Gets the exception's text, or the status.</summary>
    public required string Message { get; init; }

    /// <summary>Gets the status of the process.</summary>
    public required int Status { get; init; }

    /// <summary>Gets the beginning of what it printed.</summary>
    public required string Output { get; init; }
}

/// <summary>Runs a compiled submission in a process of its own and gathers its events.</summary>
internal sealed class SubmissionProcess(DotnetInstallation dotnet)
{
    private const int MostOutput = 64 << 10;
    private const long MebiByte = 1 << 20;

    // Beside the heap: the runtime itself, its code and its threads' stacks.
    private const long RuntimeBytes = 256 * MebiByte;

    // For what a process that has ended left in its pipes: long, for a crowded host must not lower a mark.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly string[] KeptVariables = ["PATH", "SystemRoot", "LANG"];

    /// <summary>Runs it.</summary>
    /// <param name="assembly">The program.</param>
    /// <param name="work">The folder that it runs in.</param>
    /// <param name="test">The case: limits, arguments and input, with the variables filled in.</param>
    /// <param name="probes">What is looked at.</param>
    public SubmissionRun Run(string assembly, string work, LabCase test, Probe[] probes)
    {
        var job = new RunnerJob
        {
            Key = [RandomNumber(), RandomNumber()],
            Assembly = assembly,
            Arguments = test.Arguments ?? [],
            Instructions = test.Instructions,
            Exits = test.Exits,
            Probes = probes,
            MemoryBytes = RuntimeBytes + (2 * test.Memory * MebiByte),
        };
        using var jobPipe = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
        using var eventPipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        using Process process = ProcessStarts.Start(() =>
        {
            Process started = StartRestricted(StartInfo(work, test, jobPipe.GetClientHandleAsString(), eventPipe.GetClientHandleAsString()), assembly, work);
            jobPipe.DisposeLocalCopyOfClientHandle();
            eventPipe.DisposeLocalCopyOfClientHandle();
            return started;
        });
        var events = new List<LabEvent>();
        Task<(RunEnd End, string Message)> reading = Task.Factory.StartNew(
            () => EventReader.Read(eventPipe, job.Key, test.Exits + 1000, events), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task<string> output = ReadAsync(process.StandardOutput.BaseStream);
        Task<string> errors = ReadAsync(process.StandardError.BaseStream);
        Send(jobPipe, process, job, test.Input);

        bool inTime = new SafetyNet(TimeSpan.FromSeconds(test.Seconds)).Wait(process);
        KillAll(process);
        process.WaitForExit(Grace);
        if (!reading.Wait(Grace))
        {
            eventPipe.Dispose(); // somebody else holds the other end: what came is what counts
        }

        (RunEnd end, string message) = reading.Wait(Grace) ? reading.Result : (RunEnd.Vanished, string.Empty);
        return new SubmissionRun
        {
            Events = reading.IsCompleted ? events : [],
            End = end == RunEnd.Vanished && !inTime ? RunEnd.Timeout : end,
            Message = end == RunEnd.Vanished ? FirstLine(errors) : message,
            Status = process.HasExited ? process.ExitCode : -1,
            Output = output.Wait(Grace) ? output.Result : string.Empty,
        };
    }

    private static ulong RandomNumber() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    // A process inherits what was taken from the thread that starts it.
    private Process StartRestricted(ProcessStartInfo info, string assembly, string work)
    {
        var started = new TaskCompletionSource<Process>();
        var thread = new Thread(() =>
        {
            try
            {
                Landlock.RestrictThread(Readable(assembly), work);
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        thread.Start();
        return started.Task.GetAwaiter().GetResult();
    }

    // Not the whole folder of the command: the instructor's hidden tests may lie in it.
    private IEnumerable<string> Readable(string assembly) =>
        [Path.GetDirectoryName(dotnet.Host)!, Path.GetDirectoryName(assembly)!, .. Directory.GetFiles(AppContext.BaseDirectory)];

    private ProcessStartInfo StartInfo(string work, LabCase test, string jobHandle, string eventHandle)
    {
        var info = new ProcessStartInfo(dotnet.Host)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = work,
        };
        Array.ForEach(["exec", Path.Combine(AppContext.BaseDirectory, "kvmsharp.dll"), LabRunner.Word, jobHandle, eventHandle], info.ArgumentList.Add);

        // Nothing of the grader's surroundings: no keys, no home.
        foreach (string name in info.Environment.Keys.Except(KeptVariables, StringComparer.OrdinalIgnoreCase).ToArray())
        {
            info.Environment.Remove(name);
        }

        info.Environment["HOME"] = work;
        info.Environment["TMPDIR"] = work;
        info.Environment["DOTNET_GCHeapHardLimit"] = (test.Memory * MebiByte).ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        info.Environment["DOTNET_EnableDiagnostics"] = "0"; // no debugger, no profiler, no dump: and no way in from outside
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // a third less of the time to start
        info.Environment["DOTNET_NOLOGO"] = "1";
        return info;
    }

    private static void Send(Stream jobPipe, Process process, RunnerJob job, string input)
    {
        try
        {
            JsonSerializer.Serialize(jobPipe, job, LabJson.Default.RunnerJob);
            jobPipe.Dispose();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading: that is its own affair.
        }
    }

    private static void KillAll(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    // Keeps the beginning and lets the rest go by, so that a program that prints without end blocks nobody.
    private static async Task<string> ReadAsync(Stream stream)
    {
        var kept = new MemoryStream();
        var buffer = new byte[8192];
        try
        {
            for (int read = await stream.ReadAsync(buffer); read > 0; read = await stream.ReadAsync(buffer))
            {
                kept.Write(buffer, 0, (int)Math.Min(read, MostOutput - kept.Length));
            }
        }
        catch (IOException)
        {
            // The process was killed.
        }

        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }

    private static string FirstLine(Task<string> errors) =>
        errors.Wait(Grace) ? errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? string.Empty : string.Empty;
}
