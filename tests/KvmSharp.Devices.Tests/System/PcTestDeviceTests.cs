namespace KvmSharp.Devices.Tests;

public sealed class PcTestDeviceTests : StatefulContract<PcTestDevice, PcTestDeviceState>
{
    private const int Bytes = 8;
    private const int Flush = 4;

    private readonly Wire[] _lines = [.. Enumerable.Range(0, PcTestDevice.LineCount).Select(_ => new Wire())];
    private readonly PcTestDevice _device;

    public PcTestDeviceTests() => _device = new PcTestDevice(_lines);

    protected override int Ports => PcTestDevice.Ports;

    internal override Bench Make()
    {
        Wire[] lines = [new(), new()];
        return new Bench(new PcTestDevice(lines), new ManualClock(), lines);
    }

    internal override void Disturb(Bench bench)
    {
        bench.Part.WritePort(0, 4, 0x1234_5678);
        bench.Part.WriteMmio(0xFFFF, 1, 0x9A);
        bench.Part.InterruptLines.Out(1, 1);
    }

    internal override void Host(PcTestDevice part, byte value)
    {
        part.InterruptLines.Out(value % 4, value >> 7);
        part.WriteMmio(value, 4, value);
    }

    [Fact]
    public void Ports_AnyWidth_ShowOneDoubleword()
    {
        _device.WritePort(0, 4, 0x1234_5678);
        (_device.ReadPort(0, 4), _device.ReadPort(0, 2), _device.ReadPort(2, 2), _device.ReadPort(3, 1)).Should().Be((0x1234_5678, 0x5678, 0x1234, 0x12));
        _device.WritePort(1, 1, 0xAA);
        _device.ReadPort(0, 4).Should().Be(0x1234_AA78);
    }

    [Fact]
    public void BytePorts_ShowTheSameDoubleword()
    {
        _device.WritePort(Bytes, 4, 0xCAFE_F00D);
        (_device.ReadPort(Bytes + 1, 2), _device.ReadPort(0, 4)).Should().Be((0xFEF0, 0xCAFE_F00D));
    }

    [Fact]
    public void FlushPort_TakesAddresses_AndKeepsNothing()
    {
        _device.WritePort(Flush, 4, 0x1000);
        _device.ReadPort(Flush, 4).Should().Be(uint.MaxValue);
        _device.ReadPort(0, 4).Should().Be(0);
    }

    [Fact]
    public void Memory_KeepsWhatIsWritten()
    {
        _device.WriteMmio(0x10, 8, 0x0123_4567_89AB_CDEF);
        (_device.ReadMmio(0x10, 8), _device.ReadMmio(0x13, 2)).Should().Be((0x0123_4567_89AB_CDEF, 0x6789));
    }

    [Fact]
    public void InterruptLines_AreSetByHand()
    {
        _device.InterruptLines.Out(23, 0x80);
        _lines[23].Level.Should().BeTrue();
        _lines.Count(line => line.Level).Should().Be(1);
        _device.InterruptLines.Out(23, 0);
        _lines[23].Level.Should().BeFalse();
    }
}
