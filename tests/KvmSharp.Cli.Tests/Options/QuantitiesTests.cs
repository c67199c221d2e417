namespace KvmSharp.Cli.Tests;

public class QuantitiesTests
{
    [Theory]
    [InlineData("4096", 4096UL)]
    [InlineData("64K", 65_536UL)]
    [InlineData("64m", 67_108_864UL)]
    [InlineData("1G", 1_073_741_824UL)]
    public void TryParseSize_Right_GivesBytes(string text, ulong bytes)
    {
        Quantities.TryParseSize(text, out ulong value).Should().BeTrue();
        value.Should().Be(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("-1M")]
    [InlineData("1.5G")]
    [InlineData("64 M")]
    [InlineData("99999999999999999999")]
    [InlineData("99999999999999G")]
    public void TryParseSize_Wrong_IsRefused(string text) => Quantities.TryParseSize(text, out _).Should().BeFalse();

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("2m", 120_000)]
    [InlineData("0.5s", 500)]
    public void TryParseDuration_Right_GivesTime(string text, int milliseconds)
    {
        Quantities.TryParseDuration(text, out TimeSpan value).Should().BeTrue();
        value.Should().Be(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("0s")]
    [InlineData("-1s")]
    [InlineData("2h")]
    [InlineData("NaNs")]
    [InlineData("99999999999m")]
    public void TryParseDuration_Wrong_IsRefused(string text) => Quantities.TryParseDuration(text, out _).Should().BeFalse();

    [Theory]
    [InlineData("31744", 0x7C00u)]
    [InlineData("0x7C00", 0x7C00u)]
    [InlineData("7c00h", 0x7C00u)]
    public void TryParseAddress_Right_GivesAddress(string text, uint address)
    {
        Quantities.TryParseAddress(text, out uint value).Should().BeTrue();
        value.Should().Be(address);
    }

    [Theory]
    [InlineData("7C00")]
    [InlineData("0x100000000")]
    [InlineData("h")]
    public void TryParseAddress_Wrong_IsRefused(string text) => Quantities.TryParseAddress(text, out _).Should().BeFalse();
}
