using System.Text;
using KvmSharp.Guests.Tests.Debugging;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Debian's 64-bit kernel under Debian's gdb: stopped early, watched, interrupted, let go, and it boots on.</summary>
public class LinuxDebuggingTests
{
    // Where the decompressed kernel begins: the address that it is linked for, less the base of the kernel's mapping.
    private const string KernelEntry = "0x1000000";

    [LinuxFact("amd64", tool: "gdb")]
    public void Boot_UnderADebugger_StopsWhereAskedAndBootsOn()
    {
        var serial = new SerialBuffer();
        var guest = new LinuxGuest("amd64") { Script = "echo \"the script is done\"", Append = "nokaslr", Machine = new PcOptions { Cpus = 2 } };
        (string said, MachineStop stop) = RealGdb.Debug(
            guest.Options() with { Serial = serial },
            $"""
            info threads
            break *{KernelEntry}
            continue
            x/2i $pc
            monitor walk {KernelEntry}
            delete
            while (unsigned long) $rip < 0xffffffff80000000
              stepi 20
            end
            info registers rip rsp cs cr3 efer gs_base
            eval "monitor walk %lu", $rip
            x/2gx $rsp
            tbreak *($rip + 0)
            stepi
            monitor exits
            continue
            echo interrupted\n
            info threads
            info registers rip
            backtrace 3
            monitor regs
            detach
            """,
            interruptWhen: () => Encoding.Latin1.GetString(serial.Output()).Contains("Linux version", StringComparison.Ordinal));

        said.Should().MatchRegex("Breakpoint 1, 0x0+1000000 in").And.MatchRegex(@"rip\s+0xffffffff8").And.MatchRegex(@"efer\s+0x[0-9a-f]*[5d]0[01]");
        said.Should().Contain("linear 1000000: 4-level paging").And.MatchRegex(@"linear ffffffff8\w+: 4-level paging").And.Contain("P RW A D G PS");
        said.Should().Contain("received signal SIGINT").And.MatchRegex(@"interrupted[\s\S]*#0\s+0x").And.Contain("64-bit mode, 4-level paging").And.Contain("detached");
        string console = Encoding.Latin1.GetString(serial.Output());
        console.Should().Contain("the script is done").And.NotContain("Kernel panic").And.NotContain("BUG:").And.NotContain("WARNING:");
        stop.Reason.Should().Be(MachineStopReason.PowerOff);
    }
}
