using System.Diagnostics;
using System.Runtime.InteropServices;
using KvmSharp.Cli.Labs;
using KvmSharp.Cli.Tests;

namespace KvmSharp.Labs.Tests;

/// <summary>Submissions that mean harm get a mark and do none. They run past the screen here, so that the walls behind it are what is tested.</summary>
public sealed class HostileTests : IDisposable
{
    private const string Guest = """
        using var kvm = KvmSharp.Kvm.Open();
        using var vm = kvm.CreateVm();
        vm.SetUserMemoryRegion(new KvmSharp.MemorySlot(0, 0, 0x1000));
        KvmSharp.VirtualCpu cpu = vm.CreateVcpu(0);
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = KvmSharp.SegmentRegister.RealMode(0) });
        cpu.SetRegisters(new KvmSharp.GeneralRegisters { Rip = 0x100, Rflags = 2 });

        """;

    private static readonly DotnetInstallation Dotnet = DotnetInstallation.Find();
    private static readonly SubmissionCompiler Compiler = new(Dotnet);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("Thread.Sleep(Timeout.Infinite);")]
    public void Run_ProgramWithoutEnd_IsStoppedByTheSafetyNet(string source) => Run(source).End.Should().Be(RunEnd.Timeout);

    [Fact]
    public void Run_EndlessGuest_EndsExactlyAtItsBudget()
    {
        SubmissionRun run = Run(Guest + "vm.Memory.Write(0x100, new byte[] { 0xEB, 0xFE }); while (true) { cpu.Run(); }");

        run.End.Should().Be(RunEnd.InstructionBudget);
    }

    [Fact]
    public void Run_EndlessExits_EndAtTheirBudget()
    {
        SubmissionRun run = Run(Guest + "vm.Memory.Write(0x100, new byte[] { 0xE6, 0x10, 0xEB, 0xFC }); while (true) { cpu.Run(); }");

        (run.End, run.Events.Count(e => e.IsExit)).Should().Be((RunEnd.ExitBudget, 50));
    }

    [Fact]
    public void Run_EndlessPrinting_KeepsItsBeginning()
    {
        SubmissionRun run = Run("while (true) { Console.WriteLine(\"100 of 100 points\"); }");

        run.End.Should().Be(RunEnd.Timeout);
        run.Output.Length.Should().Be(64 << 10);
    }

    [Theory]
    [InlineData("var all = new List<byte[]>(); while (true) { all.Add(new byte[1 << 24]); }")]
    [InlineData("while (true) { unchecked { var m = new byte[int.MaxValue / 2]; GC.KeepAlive(m); _ = System.Runtime.InteropServices.Marshal.AllocHGlobal(1 << 28); } }")]
    public void Run_HugeAllocation_EndsInTheProcessItself(string source) =>
        Run(source).End.Should().BeOneOf(RunEnd.Exception, RunEnd.Vanished);

    [Fact]
    public void Run_StackOverflow_EndsInTheProcessItself()
    {
        SubmissionRun run = Run("int F(int n) => F(n + 1) + 1; return F(0);");

        (run.End, run.Status).Should().Be((RunEnd.Vanished, 134));
    }

    [Theory]
    [InlineData("Environment.FailFast(\"100 points\");", RunEnd.Vanished)]
    [InlineData("Environment.Exit(7);", RunEnd.Returned)]
    [InlineData("System.Diagnostics.Process.GetCurrentProcess().Kill();", RunEnd.Vanished)]
    public void Run_SuddenEnd_IsAnEnd(string source, object end) => Run(source).End.Should().Be((RunEnd)end);

    [Fact]
    public void Run_ProcessStorm_StartsNothing()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string mark = $"sleep 61.{Environment.ProcessId}";
        SubmissionRun run = Run($"int denied = 0; for (int i = 0; i < 100; i++) {{ try {{ System.Diagnostics.Process.Start(\"/bin/sh\", [\"-c\", \"{mark}\"]); }} catch (Exception) {{ denied++; }} }} Console.Write(denied);");

        if (RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            run.Output.Should().Be("100");
        }

        Directory.GetDirectories("/proc").Select(CommandLine).Should().NotContain(line => line.Contains(mark, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_Socket_IsDenied()
    {
        if (OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            Run("new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);").Message.Should().Contain("SocketException");
        }
    }

    [Fact]
    public void Compile_SourceThatIsALinkOrEmpty_IsRefused()
    {
        string link = _folder.File("link.cs");
        File.CreateSymbolicLink(link, "/etc/passwd");
        string empty = _folder.Bytes("empty.cs", []);

        Compiler.Compile(link, _folder.Root).Errors.Should().ContainSingle().Which.Should().Contain("is no file");
        Compiler.Compile(empty, _folder.Root).Errors.Should().ContainSingle().Which.Should().Contain("is no file");
    }

    [Fact]
    public void Run_WriteOutsideItsFolder_IsDenied()
    {
        if (!Landlock.IsThere)
        {
            return;
        }

        string outside = _folder.File("stolen.txt");
        SubmissionRun run = Run($"File.WriteAllText(\"inside.txt\", \"mine\"); File.WriteAllText({Quote(outside)}, \"not mine\");");

        run.End.Should().Be(RunEnd.Exception);
        run.Message.Should().Contain("UnauthorizedAccessException");
        File.Exists(outside).Should().BeFalse();
    }

    [Fact]
    public void Run_ReadOfTheGradersFiles_IsDenied()
    {
        if (!Landlock.IsThere)
        {
            return;
        }

        string secret = _folder.File("hidden.json");
        File.WriteAllText(secret, "the hidden tests");

        Run($"Console.Write(File.ReadAllText({Quote(secret)}));").Output.Should().BeEmpty();
    }

    [Fact]
    public void Run_SignalToTheGrader_IsDenied()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Run($"System.Diagnostics.Process.GetProcessById({Environment.ProcessId}).Kill();").End.Should().Be(RunEnd.Exception);
    }

    [Fact]
    public void Run_ImitatedResults_CountForNothing()
    {
        SubmissionRun run = Run("Console.WriteLine(\"{\\\"score\\\": 100}\"); foreach (string f in Directory.GetFiles(\"/proc/self/fd\")) { try { using var s = new FileStream(f, FileMode.Open, FileAccess.Write); s.Write(new byte[64]); } catch (Exception) { } }");

        run.Events.Should().BeEmpty();
        run.End.Should().BeOneOf(RunEnd.Tampered, RunEnd.Returned);
    }

    [Fact]
    public void Run_RecorderSwitchedOffByReflection_LeavesNoEvents()
    {
        SubmissionRun run = Run("typeof(KvmSharp.Kvm).GetProperty(\"Watch\", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.SetValue(null, null);" + Guest + "cpu.Run(1);");

        run.Events.Should().BeEmpty();
    }

    [Theory]
    [InlineData("typeof(KvmSharp.Kvm).GetProperty(\"Watch\");", "System.Type.GetProperty")]
    [InlineData("System.Reflection.Assembly.GetExecutingAssembly();", "System.Reflection.Assembly")]
    [InlineData("System.Diagnostics.Process.Start(\"sh\");", "System.Diagnostics.Process")]
    [InlineData("new HttpClient().Dispose();", "System.Net.Http.HttpClient")]
    [InlineData("X.getpid(); static class X { [System.Runtime.InteropServices.DllImport(\"libc\")] public static extern int getpid(); }", "DllImport")]
    [InlineData("dynamic d = 1; Console.Write(d + 1);", "Microsoft.CSharp.RuntimeBinder.Binder")]
    [InlineData("X.F(null!); static class X { [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.StaticMethod, Name = \"get_Watch\")] public static extern object F(KvmSharp.Kvm k); }", "UnsafeAccessorAttribute")]
    public void Screen_WhatNoMonitorNeeds_IsRefusedByName(string source, string name) =>
        SubmissionScreen.Refused(Compile(source)).Should().Contain(line => line.Contains(name, StringComparison.Ordinal));

    [Fact]
    public void Screen_OrdinaryProgram_IsLetThrough() =>
        SubmissionScreen.Refused(Compile(Guest + """
            var exit = cpu.Run(10);
            Span<byte> bytes = stackalloc byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, exit.Value);
            var dictionary = new Dictionary<string, int> { ["a"] = 1 };
            Console.WriteLine($"{string.Join(',', dictionary.OrderBy(p => p.Value).Select(p => p.Key))} {exit.GetType().Name} {new P(1, 2)} {string.Concat(["a", "b", "c"])}");
            var thread = new Thread(() => Interlocked.Increment(ref P.Count));
            thread.Start();
            throw new InvalidOperationException(System.Text.Encoding.ASCII.GetString(bytes));
            record P(int X, int Y) { public static int Count; }
            """)).Should().BeEmpty();

    private static string Quote(string text) => $"@\"{text}\"";

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty; // no process, or gone
        }
    }

    private SubmissionRun Run(string source)
    {
        string work = Directory.CreateDirectory(_folder.File("work")).FullName;
        var test = new LabCase { Name = "hostile", Title = "hostile", Checks = [], Instructions = 10_000, Exits = 50, Seconds = 4, Memory = 128 };
        var watch = Stopwatch.StartNew();
        SubmissionRun run = new SubmissionProcess(Dotnet).Run(Compile(source), work, test, []);

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(1), "nothing holds the grader up");
        return run;
    }

    private string Compile(string source)
    {
        string file = _folder.File("submission.cs");
        File.WriteAllText(file, source);
        Compilation compilation = Compiler.Compile(file, Directory.CreateDirectory(_folder.File("program")).FullName);
        compilation.Errors.Should().BeEmpty();
        return compilation.Assembly!;
    }
}
