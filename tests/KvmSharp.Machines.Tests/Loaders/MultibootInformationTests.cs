using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines.Tests;

public class MultibootInformationTests
{
    private const int MemoryBytes = 4 << 20;

    private readonly ArrayMemory _memory = new(MemoryBytes);

    [Fact]
    public void Write_ModulesAndCommandLine_AreWhereTheStructureSays()
    {
        ImageFile[] modules = [new("first.bin", new byte[] { 1, 2, 3 }), new("second.bin", new byte[] { 4 })];

        uint info = MultibootInformation.Write(_memory, 0x10_0001, "kernel.elf quiet", modules, PcLayout.Ram(MemoryBytes));

        Word(info).Should().Be(0x24D, "memory, command line, modules, map and loader name are passed");
        Word(info + 4).Should().Be(639, "the last KiB below 640 KiB is the BIOS's");
        Word(info + 8).Should().Be(3 * 1024);
        Text(Word(info + 16)).Should().Be("kernel.elf quiet");
        Word(info + 20).Should().Be(2);
        uint table = Word(info + 24);
        Word(table).Should().Be(0x10_1000, "a module begins on the next page behind the kernel");
        Word(table + 4).Should().Be(0x10_1003);
        Text(Word(table + 8)).Should().Be("first.bin");
        Word(table + 16).Should().Be(0x10_2000);
        _memory.Bytes[0x10_1000..0x10_1003].Should().Equal(1, 2, 3);
        Text(Word(info + 64)).Should().Be("KvmSharp");
    }

    [Fact]
    public void Write_MemoryMap_NamesRamAndWhatIsReserved()
    {
        uint info = MultibootInformation.Write(_memory, 0x10_0000, string.Empty, [], PcLayout.Ram(MemoryBytes));

        Word(info + 44).Should().Be(96, "four entries of 24 bytes");
        uint map = Word(info + 48);
        uint[] entries = [.. Enumerable.Range(0, 24).Select(i => Word(map + (4 * (uint)i)))];
        entries.Should().Equal(
            20, 0, 0, 0x9_FC00, 0, 1, 20, 0x9_FC00, 0, 0x400, 0, 2, 20, 0xE_0000, 0, 0x2_0000, 0, 2, 20, 0x10_0000, 0, 0x30_0000, 0, 1);
    }

    [Fact]
    public void Write_ModuleBeyondMemory_IsRefusedByName()
    {
        Action write = () => MultibootInformation.Write(_memory, 0x10_0000, string.Empty, [new("big.img", new byte[MemoryBytes])], PcLayout.Ram(MemoryBytes));
        write.Should().Throw<ImageException>().WithMessage("*big.img*more memory*");
    }

    private uint Word(uint address) => BinaryPrimitives.ReadUInt32LittleEndian(_memory.Bytes.AsSpan((int)address));

    private string Text(uint address)
    {
        Span<byte> rest = _memory.Bytes.AsSpan((int)address);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
