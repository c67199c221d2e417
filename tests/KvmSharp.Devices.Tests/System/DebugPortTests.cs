namespace KvmSharp.Devices.Tests;

public sealed class DebugPortTests
{
    [Theory]
    [InlineData(1, 0x00u, 1)]
    [InlineData(1, 0x10u, 0x21)]
    [InlineData(4, 0x1234u, 0x2469)]
    [InlineData(4, 0xFFFF_FFFFu, -1)]
    public void DebugExit_Write_ReportsTheOddStatus(int width, uint value, int status)
    {
        var statuses = new List<int>();
        var port = new DebugExitPort(statuses.Add);
        port.WritePort(0, width, value);
        statuses.Should().Equal(status);
        port.ReadPort(0, width).Should().Be(0);
    }

    [Fact]
    public void DebugConsole_Write_GoesToTheSink()
    {
        var bytes = new List<byte>();
        var console = new DebugConsole(bytes.Add);
        console.OutAll(0, 0x48, 0x69);
        console.WritePort(0, 2, 0x0021);
        bytes.Should().Equal(0x48, 0x69, 0x21);
    }

    [Fact]
    public void DebugConsole_Read_GivesE9() => new DebugConsole(_ => { }).In(0).Should().Be(0xE9);
}
