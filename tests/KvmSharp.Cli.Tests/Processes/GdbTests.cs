using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KvmSharp.Cli.Tests;

/// <summary>The command's own part of <c>--gdb</c>: where it listens, what it says, how it ends.</summary>
public sealed class GdbTests : IDisposable
{
    private const string PowerOff = "mov dx,604h; mov ax,2000h; out dx,ax";
    private const int PatienceMilliseconds = 60_000;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("$D#44", 0, "detached")]
    [InlineData("$k#6b", 130, "has come")]
    public void Run_WaitingForADebugger_DoesWhatItSays(string packet, int status, string said)
    {
        using Process process = Cli.Start("run", _folder.Image(PowerOff), "--gdb", "0", "--wait");
        process.StandardInput.Close();
        string line = process.StandardError.ReadLine()!;
        line.Should().StartWith("kvmsharp: gdb may connect: target remote 127.0.0.1:");
        using (var client = new TcpClient(AddressFamily.InterNetwork))
        {
            client.ReceiveTimeout = PatienceMilliseconds;
            client.Connect(IPAddress.Loopback, int.Parse(line.AsSpan(line.LastIndexOf(':') + 1), CultureInfo.InvariantCulture));
            client.GetStream().Write(Encoding.ASCII.GetBytes(packet));
            client.GetStream().ReadByte().Should().Be('+');
        }

        Task<string> errors = process.StandardError.ReadToEndAsync();
        Cli.Result result = Cli.Finish(process, Cli.ReadAllAsync(process.StandardOutput.BaseStream), errors);
        result.Status.Should().Be(status);
        result.Errors.Should().Contain(said);
    }

    [Fact]
    public void Run_PortInUse_SaysSoAndEndsBeforeTheGuestRuns()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Cli.Result result = Cli.Run("run", _folder.Image(PowerOff), "--gdb", port.ToString(CultureInfo.InvariantCulture));
        result.Status.Should().Be(70);
        result.Errors.Should().Be($"kvmsharp: A debugger cannot be awaited at 127.0.0.1:{port}: it is in use.{Environment.NewLine}");
    }

    [Theory]
    [InlineData("*--gdb does not take 'nonsense'*", "--gdb", "nonsense")]
    [InlineData("*--gdb does not take '70000'*", "--gdb", "70000")]
    [InlineData("*give --gdb as well*", "--wait")]
    public void Run_WhatCannotBe_IsAUsageError(string errors, params string[] options)
    {
        Cli.Result result = Cli.Run(["run", _folder.Image(PowerOff), .. options]);
        result.Status.Should().Be(2);
        result.Errors.Should().Match(errors);
    }

    [Fact]
    public void Run_WithATimeoutAndNobodyWhoComes_Ends()
    {
        Cli.Result result = Cli.Run("run", _folder.Image(PowerOff), "--gdb", "0", "--wait", "--timeout", "300ms");
        result.Status.Should().Be(124);
    }
}
