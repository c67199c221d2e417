namespace KvmSharp.Devices.Tests;

public sealed class VirtioRngTests
{
    private readonly VirtioDriver _driver = new VirtioDriver(new VirtioRng(new CountingSource())).Start();

    [Fact]
    public void Buffer_ComesBackFilledFromTheSource()
    {
        _driver.Offer(0, (VirtioDriver.Data, 4, true));
        _driver.Notify(0);
        _driver.Memory.Bytes.AsSpan(VirtioDriver.Data, 5).ToArray().Should().Equal(1, 2, 3, 4, 0);
        _driver.Used(0, 0).Written.Should().Be(4);
    }

    [Fact]
    public void Buffer_Large_ComesBackFilledInPart()
    {
        _driver.Offer(0, (VirtioDriver.Data, 0x1_0000, true));
        _driver.Notify(0);
        _driver.Used(0, 0).Written.Should().Be(4096);
    }

    [Fact]
    public void Buffer_ReadOnly_ComesBackAsItIs()
    {
        _driver.Offer(0, (VirtioDriver.Data, 16, false));
        _driver.Notify(0);
        _driver.Used(0, 0).Written.Should().Be(0);
        _driver.Status.Should().Be(VirtioDriver.Ready);
    }
}
