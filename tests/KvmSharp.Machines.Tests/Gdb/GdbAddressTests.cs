using System.Net.Sockets;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

public class GdbAddressTests
{
    [Theory]
    [InlineData("1234", "127.0.0.1:1234")]
    [InlineData(":1234", "127.0.0.1:1234")]
    [InlineData("0", "127.0.0.1:0")]
    [InlineData("0.0.0.0:65535", "0.0.0.0:65535")]
    [InlineData("localhost:1", "localhost:1")]
    [InlineData("[::1]:1234", "[::1]:1234")]
    [InlineData("unix:/tmp/a b:c", "/tmp/a b:c")]
    public void TryParse_Address_IsReadAndWritten(string text, string written)
    {
        GdbAddress.TryParse(text, out GdbAddress? address).Should().BeTrue();
        address!.ToString().Should().Be(written);
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData("1 2")]
    [InlineData("::1:1234")] // which colon is it?
    [InlineData("[]:1")]
    [InlineData("unix:")]
    public void TryParse_AnythingElse_IsRefused(string text) => GdbAddress.TryParse(text, out _).Should().BeFalse();

    [Fact]
    public void Open_PortInUse_SaysSo()
    {
        using SocketListener first = SocketListener.Open(new GdbAddress(GdbAddress.Loopback, 0, null));
        GdbAddress.TryParse(first.Place, out GdbAddress? taken).Should().BeTrue();
        Action second = () => SocketListener.Open(taken!);
        second.Should().Throw<IOException>().WithMessage($"*{first.Place}*in use*");
    }

    [Fact]
    public void Open_Path_TakesOverWhatAProcessLeftBehindAndNothingElse()
    {
        string path = Path.Combine(Path.GetTempPath(), $"kvmsharp-{Guid.NewGuid():N}");
        var address = new GdbAddress(string.Empty, 0, path);
        File.WriteAllText(path, "a file of the user's");
        Action open = () => SocketListener.Open(address).Dispose();
        open.Should().Throw<IOException>();
        File.ReadAllText(path).Should().Be("a file of the user's");
        File.Delete(path);

        using (SocketListener living = SocketListener.Open(address))
        {
            open.Should().Throw<IOException>().WithMessage("*in use*");
        }

        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            string real = path + ".real";
            left.Bind(new UnixDomainSocketEndPoint(real));
            File.Move(real, path); // the process's own clean-up does not find it there
        }

        File.Exists(path).Should().BeTrue();
        open.Should().NotThrow();
        File.Exists(path).Should().BeFalse();
    }
}
