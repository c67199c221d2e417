using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Debian's kernels as they come, from their boot protocol to a shell script's last line and the power switch.</summary>
public class LinuxTests
{
    private const string Script = """
        echo "init has started"
        uname -a
        echo "processors: $(nproc)"
        dd if=/dev/zero bs=4096 count=256 2>/dev/null | sha256sum
        seq 1 5000 | sort -r -n | tail -n 1 | sed 's/^/last of the sorted: /'
        seq 1 5000 | gzip -c | gzip -d | md5sum
        echo "the script is done"
        """;

    [LinuxFact("i386")]
    public void Boot_Kernel686_RunsItsScriptAndPowersOff() => Check("i386", "i686", processors: 1);

    [LinuxFact("amd64")]
    public void Boot_KernelAmd64_RunsItsScriptAndPowersOff() => Check("amd64", "x86_64", processors: 1);

    [LinuxFact("i386", @long: true)]
    public void Boot_Kernel686OnTwoProcessors_UsesBoth() => Check("i386", "i686", processors: 2);

    [LinuxFact("amd64", @long: true)]
    public void Boot_KernelAmd64OnTwoProcessors_UsesBoth() => Check("amd64", "x86_64", processors: 2);

    [LinuxFact("amd64", @long: true)]
    public void Boot_DeterministicTwice_TakesTheSameInstructions()
    {
        LinuxGuest guest = new("amd64") { Script = Script, Machine = new PcOptions { Deterministic = true } };
        (string first, _) = guest.Run();
        (string second, _) = guest.Run();
        second.Should().Be(first); // time stamps of the kernel's log included
    }

    private static void Check(string architecture, string machineName, int processors)
    {
        var guest = new LinuxGuest(architecture) { Script = Script, Machine = new PcOptions { Cpus = processors } };
        (string console, MachineStop stop) = guest.Run();

        console.Should().Contain("init has started").And.MatchRegex($@"Linux \(none\) \S+ .* {machineName} GNU/Linux");
        console.Should().Contain(string.Create(CultureInfo.InvariantCulture, $"processors: {processors}"));
        console.Should().Contain("30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58", "that is the SHA-256 of a mebibyte of zeros");
        console.Should().Contain("last of the sorted: 1");
        console.Should().Contain("a5a208cd26b07cadade3450fe14d1d93", "that is the MD5 of the numbers from 1 to 5000");
        console.Should().Contain("the script is done").And.NotContain("Kernel panic").And.NotContain("BUG:").And.NotContain("WARNING:");
        stop.Reason.Should().Be(MachineStopReason.PowerOff);
    }
}
