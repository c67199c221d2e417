using System.Text;
using System.Text.RegularExpressions;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>memtest86+ as Debian ships it, on the serial console: its first tests find no error.</summary>
public partial class MemtestTests
{
    private const ulong Memory = 32UL << 20;
    private const int TestsToPass = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4); // ends only what hangs

    [MemtestFact]
    public void Run_FirstTests_FindNoError()
    {
        var serial = new SerialBuffer();
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = ImageFile.Read(SystemPackages.Memtest, Memory), Append = "console=ttyS0,115200" },
            MemoryBytes = Memory,
            Serial = serial,
        });
        using var enough = new CancellationTokenSource(Patience);
        using var watch = new Timer(_ =>
        {
            if (HighestTest(serial) >= TestsToPass)
            {
                enough.Cancel();
            }
        }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        machine.Run(new MachineRunOptions { Cancellation = enough.Token });

        string screen = Encoding.Latin1.GetString(serial.Output());
        screen.Should().Contain("Memtest86+");
        HighestTest(serial).Should().BeGreaterThanOrEqualTo(TestsToPass, "the tests before it have passed then");
        FailedAddress().IsMatch(screen).Should().BeFalse();
    }

    // The status line names the test under way: "Test:  2".
    private static int HighestTest(SerialBuffer serial) =>
        TestNumber().Matches(Encoding.Latin1.GetString(serial.Output())).Select(m => int.Parse(m.Groups[1].ValueSpan)).DefaultIfEmpty(-1).Max();

    [GeneratedRegex(@"#(\d+)")]
    private static partial Regex TestNumber();

    [GeneratedRegex(@"Failing Address|Err-Bits")]
    private static partial Regex FailedAddress();
}

/// <summary>A test with memtest86+, skipped with the reason where that is missing.</summary>
internal sealed class MemtestFactAttribute : FactAttribute
{
    public MemtestFactAttribute() => Skip = SystemPackages.WhyNoMemtest();
}
