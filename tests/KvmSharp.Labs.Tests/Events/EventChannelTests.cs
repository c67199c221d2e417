using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

public class EventChannelTests
{
    private static readonly ulong[] Key = [11, 22];

    private static readonly LabEvent Event = new()
    {
        Name = "IN",
        Numbers = [0x60, 7],
        Data = [1, 2],
        Probes = [new ProbeResult { Index = 3, Registers = [5], Memory = [[9]], Translations = [new ProbedPage(1, 2, true, false)] }],
    };

    [Fact]
    public void Read_WhatWasWritten_ComesBack()
    {
        var events = new List<LabEvent>();
        EventReader.Read(Channel(Key), Key, 10, events).Should().Be((RunEnd.Returned, "0"));

        events.Should().HaveCount(2);
        events[1].Should().BeEquivalentTo(Event);
    }

    [Fact]
    public void Read_AnotherKey_IsTampered() => EventReader.Read(Channel([11, 24]), Key, 10, []).End.Should().Be(RunEnd.Tampered);

    [Fact]
    public void Read_FrameTwice_IsTampered()
    {
        byte[] frames = Channel(Key).ToArray();
        EventReader.Read(new MemoryStream([.. frames[..^20], .. frames]), Key, 10, []).End.Should().Be(RunEnd.Tampered);
    }

    [Fact]
    public void Read_CutOff_IsVanishedWithWhatCame()
    {
        var events = new List<LabEvent>();
        EventReader.Read(new MemoryStream(Channel(Key).ToArray()[..^3]), Key, 10, events).End.Should().Be(RunEnd.Vanished);
        events.Should().HaveCount(2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Read_Noise_NeverThrows(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = Channel(Key).ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
            FluentActions.Invoking(() => EventReader.Read(new MemoryStream(bytes), Key, 10, [])).Should().NotThrow();
        }
    }

    private static MemoryStream Channel(ulong[] key)
    {
        var stream = new MemoryStream();
        var writer = new EventWriter(stream, key);
        writer.Write(new LabEvent { Name = "VM", IsExit = false });
        writer.Write(Event);
        writer.WriteEnd(RunEnd.Returned, "0");
        stream.Position = 0;
        return stream;
    }
}
