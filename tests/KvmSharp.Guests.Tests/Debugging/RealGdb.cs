using System.Diagnostics;
using System.Globalization;
using KvmSharp.Guests.Tests.Systems;
using KvmSharp.Machines;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Guests.Tests.Debugging;

/// <summary>A test with the gdb of the host, skipped with the reason where there is none.</summary>
internal sealed class GdbFactAttribute : FactAttribute
{
    public GdbFactAttribute() => Skip = RealGdb.WhyNot;
}

/// <summary>Runs a guest under the stub, and gdb's commands against it.</summary>
internal static class RealGdb
{
    private const int PatienceMilliseconds = 240_000; // ends only what hangs

    /// <summary>Gets why gdb cannot be used, or null.</summary>
    public static string? WhyNot => HostTools.Find("gdb") is null ? "gdb is not installed" : null;

    /// <summary>Boots a machine that waits, runs gdb in batch mode, and then the guest to its end.</summary>
    /// <param name="options">What the machine is built from.</param>
    /// <param name="script">gdb's commands, a line each, behind its connection; {place} stands for the stub's address.</param>
    /// <param name="interruptWhen">Asked again and again while gdb runs; once it is true gdb gets Ctrl-C. Null for never.</param>
    /// <returns>What gdb said, and why the machine stopped.</returns>
    public static (string Said, MachineStop Stop) Debug(PcOptions options, string script, Func<bool>? interruptWhen = null)
    {
        using SocketListener listener = SocketListener.Open(new GdbAddress(GdbAddress.Loopback, 0, null));
        string place = listener.Place;
        using var server = new GdbServer(listener);
        using var machine = new PcMachine(options);
        using var patience = new CancellationTokenSource(PatienceMilliseconds);
        Task<MachineStop> run = Task.Factory.StartNew(
            () => server.Run(machine, new MachineRunOptions { Cancellation = patience.Token }, wait: true), patience.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            string said = RunGdb(place, script, interruptWhen);
            return (said, run.GetAwaiter().GetResult());
        }
        finally
        {
            patience.Cancel();
            ((IAsyncResult)run).AsyncWaitHandle.WaitOne();
        }
    }

    private static string RunGdb(string place, string script, Func<bool>? interruptWhen)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, $"set debuginfod enabled off\nset pagination off\nset confirm off\nset width 0\ntarget remote {place}\n" + script.Replace("{place}", place, StringComparison.Ordinal));
        try
        {
            var info = new ProcessStartInfo(HostTools.Find("gdb")!, ["-nx", "-q", "-batch", "-x", file]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
            using Process gdb = Process.Start(info)!;
            gdb.StandardInput.Close();
            Task<string> errors = gdb.StandardError.ReadToEndAsync();
            Task<string> output = gdb.StandardOutput.ReadToEndAsync();
            for (int waited = 0; interruptWhen is not null && waited < PatienceMilliseconds && !gdb.HasExited; waited += 10)
            {
                if (interruptWhen())
                {
                    HostTools.Run("kill", "-INT", gdb.Id.ToString(CultureInfo.InvariantCulture));
                    break;
                }

                Thread.Sleep(10);
            }

            if (!gdb.WaitForExit(PatienceMilliseconds))
            {
                gdb.Kill();
            }

            return output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
