using System.Globalization;
using System.IO.Pipes;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json;

namespace KvmSharp.Cli.Labs;

/// <summary>The process that runs a submission: it takes a job from one pipe, records into another, and calls the entry point.</summary>
internal static class LabRunner
{
    /// <summary>The word on the command line that makes kvmsharp this process; no verb, for nobody types it.</summary>
    public const string Word = "[lab-runner]";

    private const int MostShown = 80;
    private const int Crashed = 134; // 128 + SIGABRT, what an unhandled exception gives a program of its own

    /// <summary>Runs the submission.</summary>
    /// <param name="jobHandle">The pipe with the job.</param>
    /// <param name="eventHandle">The pipe for the events.</param>
    /// <returns>The status that the program ends with.</returns>
    public static int Run(string jobHandle, string eventHandle)
    {
        RunnerJob job = ReadJob(jobHandle);
        var recorder = new EventRecorder(new EventWriter(new AnonymousPipeClientStream(PipeDirection.Out, eventHandle), job.Key), job);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => recorder.End(RunEnd.Returned, Text(Environment.ExitCode));
        ProcessLimits.Enter(job.MemoryBytes);
        Kvm.Watch = recorder;
        try
        {
            int status = Call(job);
            Console.Out.Flush();
            recorder.End(RunEnd.Returned, Text(status));
            return status;
        }
        catch (Exception e) when (e is not HostException)
        {
            Console.Out.Flush();
            recorder.End(RunEnd.Exception, Describe(e));
            return Crashed;
        }
        finally
        {
            // Threads of the submission may still run; they are not waited for.
            Kvm.Watch = null;
        }
    }

    private static RunnerJob ReadJob(string handle)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.In, handle);
        return JsonSerializer.Deserialize(pipe, LabJson.Default.RunnerJob)!;
    }

    private static int Call(RunnerJob job)
    {
        MethodInfo entry = AssemblyLoadContext.Default.LoadFromAssemblyPath(job.Assembly).EntryPoint!;
        object?[] arguments = entry.GetParameters().Length == 0 ? [] : [job.Arguments];
        return entry.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture) as int? ?? Environment.ExitCode;
    }

    // The exception as the student sees it, with the line of the submission and without the runner's frames.
    private static string Describe(Exception e)
    {
        string frame = (e.StackTrace ?? string.Empty).Split('\n').FirstOrDefault(line => line.Contains("lab.cs:line", StringComparison.Ordinal)) ?? string.Empty;
        int at = frame.IndexOf("lab.cs:line", StringComparison.Ordinal);
        string message = e.Message.ReplaceLineEndings(" ");
        string said = $"{e.GetType().Name}: {(message.Length > MostShown ? message[..MostShown] + "..." : message)}";
        return at < 0 ? said : $"{frame[at..].Trim().Replace(":line ", "(", StringComparison.Ordinal)}): {said}";
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
