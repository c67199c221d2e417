namespace KvmSharp.Machines.Tests;

public class FlatImageTests
{
    private readonly ArrayMemory _memory = new(2 << 20);

    [Fact]
    public void Load_Default_GoesTo7C00InRealMode()
    {
        LoadedImage loaded = FlatImage.Load([0xF4], _memory, new FlatPlacement());

        loaded.Should().BeEquivalentTo(new { Entry = 0x7C00u, End = 0x7C01UL, Mode = StartMode.Real16 });
        _memory.Bytes[0x7C00].Should().Be(0xF4);
    }

    [Theory]
    [InlineData(0x10_0000u, null, StartMode.Real16, "*real mode*")]
    [InlineData(0x1000u, 0x1004u, StartMode.Real16, "*entry 1004h*")]
    [InlineData(0x1000u, 0xFFFu, StartMode.Protected32, "*entry FFFh*")]
    [InlineData(0x1F_FFFEu, null, StartMode.Protected32, "*more memory*")]
    [InlineData(0xFFFF_FFFEu, null, StartMode.Protected32, "*more memory*")]
    public void Load_ImpossiblePlacement_IsRefused(uint address, uint? entry, StartMode mode, string message)
    {
        Action load = () => FlatImage.Load([1, 2, 3, 4], _memory, new FlatPlacement { LoadAddress = address, Entry = entry, Mode = mode });
        load.Should().Throw<ImageException>().WithMessage(message);
    }
}
