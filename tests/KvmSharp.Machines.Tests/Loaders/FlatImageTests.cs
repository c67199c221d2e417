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

    [Fact]
    public void Load_Long64_MapsFourGibibytesToThemselves()
    {
        FlatImage.Load([0xF4], _memory, new FlatPlacement { Mode = StartMode.Long64 }).Mode.Should().Be(StartMode.Long64);

        ulong ReadEntry(ulong address) => BitConverter.ToUInt64(_memory.Bytes, (int)address);
        for (ulong address = 0; address < 1UL << 32; address += 1 << 21)
        {
            ulong pointers = ReadEntry(LongModeTables.Root) & ~0xFFFUL;
            ulong directory = ReadEntry(pointers + (address >> 30 << 3)) & ~0xFFFUL;
            ReadEntry(directory + ((address >> 21 & 511) << 3)).Should().Be(address | 0x83);
        }
    }

    [Theory]
    [InlineData(0x10_0000u, null, StartMode.Real16, "*real mode*")]
    [InlineData(0x1000u, 0x1004u, StartMode.Real16, "*entry 1004h*")]
    [InlineData(0x1000u, 0xFFFu, StartMode.Protected32, "*entry FFFh*")]
    [InlineData(0x1F_FFFEu, null, StartMode.Protected32, "*more memory*")]
    [InlineData(0xFFFF_FFFEu, null, StartMode.Protected32, "*more memory*")]
    [InlineData(0x6FFEu, null, StartMode.Long64, "*page tables*")]
    [InlineData(0x7FEu, null, StartMode.Long64, "*page tables*")]
    public void Load_ImpossiblePlacement_IsRefused(uint address, uint? entry, StartMode mode, string message)
    {
        Action load = () => FlatImage.Load([1, 2, 3, 4], _memory, new FlatPlacement { LoadAddress = address, Entry = entry, Mode = mode });
        load.Should().Throw<ImageException>().WithMessage(message);
    }
}
