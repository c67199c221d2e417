using System.Globalization;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>Runs every benchmark with few rounds; the checksum is the one that QEMU computes with as many (tests/peers, --record).</summary>
public class BenchTests
{
    private const ulong InstructionLimit = 200_000_000; // ends what hangs; the longest takes a tenth

    [Theory]
    [MemberData(nameof(BenchList.Names), MemberType = typeof(BenchList))]
    public void Run_FewRounds_GivesQemusChecksum(string name)
    {
        Bench bench = BenchList.All.Single(b => b.Name == name);
        var serial = new SerialBuffer();
        const ulong MemoryBytes = 128 << 20;
        using var machine = new PcMachine(new PcOptions
        {
            Boot = new BootSource
            {
                Image = ImageFile.Read(GuestList.PathOf(bench.Image), MemoryBytes, bench.Image),
                Append = string.Create(CultureInfo.InvariantCulture, $"rounds={bench.QuickRounds}"),
            },
            MemoryBytes = MemoryBytes,
            Serial = serial,
            Deterministic = true,
        });
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = InstructionLimit });

        string[] lines = Encoding.Latin1.GetString(serial.Output()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines[0].Should().Be(string.Create(CultureInfo.InvariantCulture, $"begin {name} rounds={bench.QuickRounds}"));
        lines[^1].Should().Be($"end {name} checksum={bench.QuickChecksum}");
        stop.Reason.Should().Be(MachineStopReason.PowerOff);
    }

    [Fact]
    public void List_AndImages_AreTheSameSet() =>
        Directory.GetFiles(GuestList.PathOf("bench/images")).Select(Path.GetFileNameWithoutExtension).Should().BeEquivalentTo(BenchList.All.Select(b => b.Name));
}
