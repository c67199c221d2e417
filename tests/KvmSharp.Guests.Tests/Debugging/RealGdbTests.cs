using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Debugging;

/// <summary>Debian's gdb as it comes, against the guests: they end with the output that they always have.</summary>
public class RealGdbTests
{
    [GdbFact]
    public void BreakStepWatchAndDetach_OfA32BitKernel_LeaveItsOutputAlone()
    {
        string said = Debug("sieve", """
            stepi 2
            eval "break *%d", $pc + 5
            continue
            x/i $pc
            eval "watch *(int *) %d", $esp - 4
            continue
            x/1xw $esp
            info breakpoints
            delete
            info registers eip eflags cs xmm0 st0 mxcsr cr0
            info threads
            monitor exits
            detach
            """);
        said.Should().MatchRegex(@"Breakpoint 1, 0x0+1000\w\w in").And.MatchRegex(@"=> 0x1000\w\w:\s+call");
        said.Should().Contain("Hardware watchpoint 2").And.Contain("breakpoint already hit 1 time");
        said.Should().MatchRegex(@"eip\s+0x1").And.MatchRegex(@"eflags\s+0x\w+\s+\[").And.Contain("v4_float").And.MatchRegex(@"mxcsr\s+0x1f80");
        said.Should().Contain("processor 0, 32-bit protected mode, CPL 0").And.Contain("instructions").And.Contain("detached");
    }

    [GdbFact]
    public void RegistersAndMemory_SetByTheUser_AreTheGuests()
    {
        string said = Debug("verdict", """
            set $eax = 0x12345678
            set $xmm3.v4_int32[1] = 77
            set $st0 = 1.5
            set $eflags |= 1
            p/x $eax
            p $xmm3.v4_int32[1]
            p $st0
            p $eflags
            set {int} 0x300000 = 0x01020304
            x/4xb 0x300000
            set $eax = 0x2badb002
            set $eflags = 2
            detach
            """);
        said.Should().Contain("$1 = 0x12345678").And.Contain("$2 = 77").And.Contain("$3 = 1.5").And.Contain("$4 = [ CF ]");
        said.Should().MatchRegex(@"0x300000:\s+0x04\s+0x03\s+0x02\s+0x01");
    }

    [GdbFact]
    public void Continue_ToTheEnd_TellsTheStatusOfTheGuest() =>
        Debug("verdict", "continue\n").Should().Contain("exited with code 041", "the guest wrote 16 to the debug-exit port: 33");

    [GdbFact]
    public void RealMode_ABootSector_IsSteppedAndStopped()
    {
        string said = Debug("hello", """
            break *0x7c06
            continue
            stepi
            info registers eip cs sp ss_base
            monitor regs
            detach
            """);
        said.Should().Contain("Breakpoint 1, 0x00007c06").And.Contain("real mode, no paging").And.MatchRegex(@"ss_base\s+0x");
    }

    [GdbFact]
    public void Processors_AsThreads_AreLookedAtOneByOne()
    {
        string said = Debug("processors", """
            info threads
            stepi
            thread 3
            info registers eip
            thread apply all info registers cs
            detach
            """);
        said.Should().Contain("Thread 4 (processor 3, real mode, Uninitialized)").And.Contain("[Switching to thread 3 (Thread 3)]");
    }

    [GdbFact]
    public void LongMode_EnteredUnderADebugger_IsSeenByANewConnection()
    {
        Bench bench = BenchList.All.Single(b => b.Name == "fib-64");
        var serial = new SerialBuffer();
        const ulong MemoryBytes = 64 << 20;
        (string said, MachineStop stop) = RealGdb.Debug(
            new PcOptions
            {
                Boot = new BootSource
                {
                    Image = ImageFile.Read(GuestList.PathOf(bench.Image), MemoryBytes, bench.Image),
                    Append = $"rounds={bench.QuickRounds}",
                },
                MemoryBytes = MemoryBytes,
                Serial = serial,
            },
            """
            show architecture
            while ($cr0 & 0x80000000) == 0
              stepi 25
            end
            stepi 50
            disconnect
            target remote {place}
            show architecture
            info registers rip efer cr3 k_gs_base
            eval "monitor walk %lu", $rip
            stepi 10
            eval "break *%lu", $rip
            delete
            detach
            """);
        said.Should().Contain("\"i386\"").And.Contain("\"i386:x86-64\"").And.Contain("'target remote' again");
        said.Should().MatchRegex(@"efer\s+0x500").And.Contain("4-level paging").And.MatchRegex(@"level 2: entry at \w+ is \w+  P RW A( D)? PS");
        Encoding.Latin1.GetString(serial.Output()).Should().Contain($"checksum={bench.QuickChecksum}");
        stop.Reason.Should().Be(MachineStopReason.PowerOff);
    }

    [GdbFact]
    public void Quit_InTheMiddle_LetsTheGuestGoOn() => Debug("tasks", "stepi 100\n");

    private static string Debug(string name, string script)
    {
        Guest guest = GuestList.All.Single(g => g.Name == name);
        var serial = new SerialBuffer(guest.Input is null ? default : File.ReadAllBytes(GuestList.PathOf(guest.Input)));
        (string said, MachineStop stop) = RealGdb.Debug(guest.Options() with { Serial = serial }, script);
        Encoding.Latin1.GetString(serial.Output()).Should().Be(File.ReadAllText(GuestList.PathOf(guest.Expected), Encoding.Latin1), said);
        stop.DebugExitStatus.Should().Be(guest.ExitStatus);
        return said;
    }
}
