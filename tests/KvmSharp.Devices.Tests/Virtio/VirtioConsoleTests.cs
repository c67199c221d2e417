using System.Text;

namespace KvmSharp.Devices.Tests;

public sealed class VirtioConsoleTests : StatefulContract<StormPorts<VirtioConsole, VirtioConsoleState>, VirtioConsoleState>
{
    private const int Buffer = VirtioDriver.Data;

    private readonly Terminal _terminal = new();
    private readonly ManualClock _clock = new();
    private readonly VirtioConsole _console;
    private readonly VirtioDriver _driver;

    public VirtioConsoleTests()
    {
        _console = new VirtioConsole(_terminal, _clock);
        _driver = new VirtioDriver(_console);
    }

    protected override int Ports => 4;

    // Its only registers are those of its configuration, which the guest reads through the function.
    internal override Bench Make()
    {
        var clock = new ManualClock();
        var console = new VirtioConsole(new Terminal(), clock);
        return new Bench(
            new(console, (offset, _) => ReadConfiguration(console, offset), (_, _, value) => console.Resize((ushort)value, (ushort)(value >> 16))),
            clock);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.Part.Resize(132, 43);
        bench.Part.Part.OnDriverReady();
    }

    [Fact]
    public void Transmit_Bytes_ReachTheHostInOrder()
    {
        _driver.Start(queues: 2);
        "Hello, "u8.CopyTo(_driver.Memory.Bytes.AsSpan(Buffer));
        "host"u8.CopyTo(_driver.Memory.Bytes.AsSpan(Buffer + 0x100));
        _driver.Offer(VirtioConsole.TransmitQueue, (Buffer, 7, false), (Buffer + 0x100, 4, false));
        _driver.Notify(VirtioConsole.TransmitQueue);
        _terminal.Output.ToString().Should().Be("Hello, host");
        _driver.UsedIndex(VirtioConsole.TransmitQueue).Should().Be(1);
    }

    [Fact]
    public void Transmit_LongerThanAnyDriverSends_StopsTheDevice()
    {
        _driver.Start(queues: 2);
        _driver.Offer(VirtioConsole.TransmitQueue, (0, 0x8_0000, false), (0, 0x8_0001, false));
        _driver.Notify(VirtioConsole.TransmitQueue);
        _driver.Status.Should().HaveFlag(VirtioStatus.NeedsReset);
        _terminal.Output.Length.Should().Be(0);
    }

    [Fact]
    public void Receive_InputWaits_UntilTheGuestHasRoom()
    {
        _terminal.Input = "keys";
        _driver.Start(queues: 2);
        PassBeginning();
        _console.InputReady();
        _terminal.Input.Should().Be("keys", "the guest has offered nothing");

        _driver.Offer(VirtioConsole.ReceiveQueue, (Buffer, 3, true));
        _driver.Notify(VirtioConsole.ReceiveQueue);
        Received(0, Buffer).Should().Be("key");
        _terminal.Input.Should().Be("s");
        _driver.Offer(VirtioConsole.ReceiveQueue, (Buffer + 0x100, 64, true));
        _driver.Notify(VirtioConsole.ReceiveQueue);
        Received(1, Buffer + 0x100).Should().Be("s");
    }

    [Fact]
    public void Receive_RoomWaits_UntilTheHostHasInput()
    {
        _driver.Start(VirtioFeature.EventIndex, queues: 2);
        PassBeginning();
        _driver.Offer(VirtioConsole.ReceiveQueue, (Buffer, 64, true));
        _driver.Notify(VirtioConsole.ReceiveQueue);
        _driver.UsedIndex(VirtioConsole.ReceiveQueue).Should().Be(0);
        _driver.Pin.Level.Should().BeFalse();

        _terminal.Input = "x";
        _console.InputReady();
        Received(0, Buffer).Should().Be("x");
        _driver.Pin.Level.Should().BeTrue();
    }

    [Fact]
    public void Resize_ChangesConfigurationAndGeneration_AndInterrupts()
    {
        _driver.Start(VirtioConsole.SizeFeature, queues: 2);
        PassBeginning();
        _driver.Read(VirtioDriver.DevicePage, 4).Should().Be(80 | (25 << 16));
        ulong generation = _driver.Read(VirtioRegister.ConfigurationGeneration, 1);
        _console.Resize(100, 40);
        _driver.Read(VirtioDriver.DevicePage, 2).Should().Be(100);
        _driver.Read(VirtioDriver.DevicePage + 2, 2).Should().Be(40);
        _driver.Read(VirtioRegister.ConfigurationGeneration, 1).Should().NotBe(generation);
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(2);

        _console.Resize(100, 40);
        _driver.Pin.Level.Should().BeFalse("nothing has changed");
    }

    [Fact]
    public void DriverReady_ASecondLater_IsToldTheSizeOnceAndGetsInput()
    {
        _driver.Start(VirtioConsole.SizeFeature, queues: 2);
        _console.HasDriver.Should().BeTrue();
        _terminal.Input = "x";
        _driver.Offer(VirtioConsole.ReceiveQueue, (Buffer, 3, true));
        _driver.Notify(VirtioConsole.ReceiveQueue);
        _clock.AdvanceBy(999_999_999);
        _driver.Pin.Level.Should().BeFalse("Linux has not made its terminal yet");
        _clock.AdvanceBy(1);
        _driver.Read(VirtioDriver.InterruptStatusPage, 1).Should().Be(3, "there is a byte too");
        Received(0, Buffer).Should().Be("x");
        _clock.AdvanceBy(10_000_000_000);
        _driver.Pin.Level.Should().BeFalse();
    }

    [Fact]
    public void Reset_BeforeTheSizeIsTold_TellsNothing()
    {
        _driver.Start(VirtioConsole.SizeFeature, queues: 2);
        _console.Reset();
        _clock.AdvanceBy(2_000_000_000);
        _driver.Pin.Level.Should().BeFalse();
    }

    private void PassBeginning()
    {
        _clock.AdvanceBy(1_000_000_000);
        _driver.Read(VirtioDriver.InterruptStatusPage, 1);
    }

    private string Received(int index, int buffer) =>
        Encoding.ASCII.GetString(_driver.Memory.Bytes, buffer, _driver.Used(VirtioConsole.ReceiveQueue, index).Written);

    private static uint ReadConfiguration(VirtioConsole console, int offset)
    {
        Span<byte> configuration = stackalloc byte[VirtioDevice.ConfigurationBytes];
        configuration.Clear();
        console.FillConfiguration(configuration);
        return configuration[offset];
    }

    private sealed class Terminal : IConsoleLine
    {
        public StringBuilder Output { get; } = new();

        public string Input { get; set; } = "";

        public void Transmit(ReadOnlySpan<byte> bytes) => Output.Append(Encoding.ASCII.GetString(bytes));

        public int Receive(Span<byte> destination)
        {
            int count = Math.Min(destination.Length, Input.Length);
            Encoding.ASCII.GetBytes(Input.AsSpan(0, count), destination);
            Input = Input[count..];
            return count;
        }
    }
}
