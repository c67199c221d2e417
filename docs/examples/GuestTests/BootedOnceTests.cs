using KvmSharp.Testing;
using Xunit;

namespace GuestTests;

/// <summary>Boots a guest for all tests of a class.</summary>
public sealed class BootedGuest : IAsyncLifetime
{
    public GuestMachine Machine { get; } = GuestMachine.Create().WithImage(GuestFiles.PathOf("echo.img")).Build();

    public Task InitializeAsync() => Machine.Serial.ExpectAsync("ends.\r\n", Budget.OfVirtualTime(TimeSpan.FromSeconds(1)));

    public Task DisposeAsync()
    {
        Machine.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>Each test has a fork of the booted machine, so none sees what another typed.</summary>
public sealed class BootedOnceTests(BootedGuest booted) : IClassFixture<BootedGuest>
{
    [Theory]
    [InlineData("hello", "[HELLO]")]
    [InlineData("", "[]")]
    [InlineData("two words", "[TWO WORDS]")]
    public async Task Line_Typed_ComesBackInCapitals(string line, string answer)
    {
        using GuestMachine machine = booted.Machine.Fork();

        await machine.Serial.SendLineAsync(line);
        SerialMatch match = await machine.Serial.ExpectAsync("]", Budget.OfInstructions(100_000));

        Assert.Equal(answer, match.Before + match.Text);
    }
}
