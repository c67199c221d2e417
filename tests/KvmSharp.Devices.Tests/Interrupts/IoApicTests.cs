namespace KvmSharp.Devices.Tests;

public sealed class IoApicTests : StatefulContract<StormPorts<IoApic, IoApicState>, IoApicState>
{
    private const int Window = 0x10;
    private const uint Masked = 1 << 16;
    private const uint Level = 1 << 15;
    private const uint RemoteIrr = 1 << 14;

    private readonly MessageLog _messages = new();
    private readonly IoApic _chip;

    public IoApicTests() => _chip = new IoApic(_messages);

    protected override int Ports => Window + 4;

    internal override Bench Make()
    {
        var chip = new IoApic(new MessageLog());
        return new Bench(
            new(chip, (offset, width) => (uint)chip.ReadMmio((ulong)offset, width), (offset, width, value) => chip.WriteMmio((ulong)offset, width, value)),
            new ManualClock());
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.WritePort(0, 4, 0x10);
        bench.Part.WritePort(Window, 4, Level | 0x30);
        bench.Part.Part.Pin(0).Drive(true);
    }

    internal override void Host(StormPorts<IoApic, IoApicState> part, byte value)
    {
        part.Part.Pin(value % IoApic.PinCount).Drive((value & 0x80) != 0);
        part.Part.EndOfInterrupt(value);
    }

    // Pins are driven by others, whom a reset of this chip does not reach.
    internal override IoApicState AfterReset(IoApicState disturbed) => base.AfterReset(disturbed) with { Pins = disturbed.Pins };

    [Fact]
    public void Ioapicver_Says24Entries() => Read(0x01).Should().Be(0x0017_0011);

    [Fact]
    public void Ioapicid_HasFourBitsAndArbitrationFollows()
    {
        Write(0x00, 0xFFFF_FFFF);
        (Read(0x00), Read(0x02)).Should().Be((0x0F00_0000, 0x0F00_0000));
    }

    [Fact]
    public void Ioredtbl_AtPowerOn_IsMasked()
    {
        (Read(0x10), Read(0x11), Read(0x3E), Read(0x40)).Should().Be((Masked, 0u, Masked, 0u));
        _chip.Pin(0).Drive(true);
        _messages.Sent.Should().BeEmpty();
    }

    [Fact]
    public void Ioredtbl_ReadOnlyAndReservedBits_Stay()
    {
        Write(0x12, 0xFFFF_FFFF);
        Write(0x13, 0xFFFF_FFFF);
        (Read(0x12), Read(0x13)).Should().Be((0x0001_AFFF, 0xFF00_0000));
    }

    [Fact]
    public void Edge_Rise_SendsOnceWithDestinationAndMode()
    {
        Write(0x14, 0x0000_0931); // vector 31h, lowest priority, logical
        Write(0x15, 0x0300_0000);

        _chip.Pin(2).Drive(true);
        _chip.Pin(2).Drive(true);
        _chip.Pin(2).Drive(false);

        _messages.Sent.Should().Equal((0xFEE0_3004ul, 0x0131u));
    }

    [Fact]
    public void Edge_WhileMasked_IsLost()
    {
        Write(0x10, Masked | 0x31);
        _chip.Pin(0).Drive(true);
        Write(0x10, 0x31);
        _messages.Sent.Should().BeEmpty();
    }

    [Fact]
    public void Level_SendsAgainAfterItsEndOnly()
    {
        Write(0x1E, Level | 0x41);
        _chip.Pin(7).Drive(true);
        Read(0x1E).Should().Be(Level | RemoteIrr | 0x41);

        _chip.Pin(7).Drive(false);
        _chip.Pin(7).Drive(true);
        _messages.Sent.Should().Equal((0xFEE0_0000ul, 0xC041u));

        _chip.EndOfInterrupt(0x40);
        _messages.Sent.Should().HaveCount(1, "another vector has ended");
        _chip.EndOfInterrupt(0x41);
        _messages.Sent.Should().HaveCount(2);

        _chip.Pin(7).Drive(false);
        _chip.EndOfInterrupt(0x41);
        (_messages.Sent.Count, Read(0x1E)).Should().Be((2, Level | 0x41));
    }

    [Fact]
    public void Level_UnmaskedWhileAsserted_SendsThen()
    {
        Write(0x1E, Level | Masked | 0x41);
        _chip.Pin(7).Drive(true);
        _messages.Sent.Should().BeEmpty();
        Write(0x1E, Level | 0x41);
        _messages.Sent.Should().HaveCount(1);
    }

    [Fact]
    public void RemoteIrr_TurnedToEdge_IsCleared()
    {
        Write(0x1E, Level | 0x41);
        _chip.Pin(7).Drive(true);
        Write(0x1E, Masked | 0x41);
        Write(0x1E, Level | Masked | 0x41);
        Read(0x1E).Should().Be(Level | Masked | 0x41);
    }

    [Fact]
    public void Level_DeliveryModeWithoutEnd_SetsNoRemoteIrr()
    {
        Write(0x1E, Level | 0x400); // NMI
        _chip.Pin(7).Drive(true);
        Read(0x1E).Should().Be(Level | 0x400);
    }

    [Fact]
    public void Access_BesideTheTwoRegisters_IsIgnored()
    {
        _chip.WriteMmio(0, 4, 0x10);
        _chip.WriteMmio(0x14, 4, 0x31);
        _chip.WriteMmio(0xFF8, 8, ulong.MaxValue);
        (_chip.ReadMmio(0x20, 4), Read(0x10)).Should().Be((0ul, Masked));
    }

    private uint Read(byte register)
    {
        _chip.WriteMmio(0, 4, register);
        return (uint)_chip.ReadMmio(Window, 4);
    }

    private void Write(byte register, uint value)
    {
        _chip.WriteMmio(0, 4, register);
        _chip.WriteMmio(Window, 4, value);
    }

    private sealed class MessageLog : IMessageInterrupts
    {
        public List<(ulong Address, uint Data)> Sent { get; } = [];

        public void Send(ulong address, uint data) => Sent.Add((address, data));
    }
}
