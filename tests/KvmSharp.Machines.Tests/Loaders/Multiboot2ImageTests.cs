using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class Multiboot2ImageTests
{
    private const int MemoryBytes = 4 << 20;

    private readonly ArrayMemory _memory = new(MemoryBytes);

    private static BoardDescription Board => new() { Ram = PcLayout.Ram(MemoryBytes) };

    [Fact]
    public void Load_AddressTags_PlaceTheFile()
    {
        byte[] file = Multiboot2Builder.File();

        (LoadedImage kernel, _) = Load(file);

        kernel.Should().BeEquivalentTo(new { Format = ImageFormat.Multiboot2, Entry = 0x10_0040u, Mode = StartMode.Protected32 });
        _memory.Bytes[0x10_0000..(0x10_0000 + file.Length)].Should().Equal(file);
    }

    [Fact]
    public void Load_LoadAddressOfMinusOne_TakesTheFileFromItsStart()
    {
        byte[] tags = [.. Multiboot2Builder.Tag(2, 0, 0x10_0008, uint.MaxValue, 0, 0), .. Multiboot2Builder.Tag(3, 0, 0x10_0008)];
        byte[] file = [1, 2, 3, 4, 5, 6, 7, 8, .. Multiboot2Builder.Header(0, tags)];

        Load(file);

        _memory.Bytes[0x10_0000..0x10_0008].Should().Equal(1, 2, 3, 4, 5, 6, 7, 8);
    }

    [Fact]
    public void Load_Elf64WithHeader_IsEnteredIn32BitMode()
    {
        byte[] elf = new Elf64Builder(content: Multiboot2Builder.Header(0)).Build();
        (LoadedImage kernel, _) = Load(elf);
        kernel.Should().BeEquivalentTo(new { Entry = Elf64Builder.LoadAddress, Mode = StartMode.Protected32 });
        ImageFormats.Detect(elf).Should().Be(ImageFormat.Multiboot2);
    }

    [Fact]
    public void Load_Information_IsAListOfTags()
    {
        (_, uint at) = Load(Multiboot2Builder.File(), "kernel quiet", new ImageFile("disk", new byte[] { 7 }));

        Dictionary<uint, byte[]> tags = Tags(at);

        Encoding.UTF8.GetString(tags[1]).Should().Be("kernel quiet\0");
        Encoding.UTF8.GetString(tags[2]).Should().Be("KvmSharp\0");
        uint module = Word(tags[3], 0);
        (_memory.Bytes[(int)module], Word(tags[3], 4) - module, module % 4096).Should().Be((7, 1u, 0u));
        (Word(tags[4], 0), Word(tags[4], 4)).Should().Be((639, 3072));
        (Word(tags[6], 0), tags[6].Length).Should().Be((24, 8 + (4 * 24)));
        (Word(tags[8], 0), Word(tags[8], 12), Word(tags[8], 16), tags[8][21]).Should().Be((0xB_8000, 80, 25, (byte)2), "EGA text");
        tags.Keys.Should().NotContain([5u, 9u, 14u, 15u, 21u], "there is no BIOS disk, no section, no ACPI, no relocation");
    }

    [Fact]
    public void Load_BoardWithAcpi_CopiesTheRootPointer()
    {
        BoardDescription board = FirmwareTables.Write(_memory, Board);

        (_, uint at) = Multiboot2Image.Load(Multiboot2Builder.File(), _memory, string.Empty, [], board);

        Dictionary<uint, byte[]> tags = Tags(at);
        tags[14].Should().Equal(_memory.Bytes[0xF_0000..0xF_0014]);
        tags[15].Should().Equal(_memory.Bytes[0xF_0000..0xF_0024]);
    }

    [Fact]
    public void Load_RelocatableKernelInItsRange_IsToldItsAddress() =>
        Word(Tags(Load(Multiboot2Builder.File(Multiboot2Builder.Tag(10, 0, 0x10_0000, 0x20_0000, 0x1000, 1))).Information)[21], 0).Should().Be(0x10_0000);

    public static TheoryData<string, byte[]> WrongFiles() => new()
    {
        { "*no multiboot2 header*", new byte[64] },
        { "*architecture is 4*", Multiboot2Builder.Header(4) },
        { "*header_length is*", [.. Multiboot2Builder.Header(0)[..20]] },
        { "*nothing says where*", Multiboot2Builder.Header(0) },
        { "*without an entry address*", Multiboot2Builder.Header(0, Multiboot2Builder.Placed[0]) },
        { "*tag 99*", Multiboot2Builder.File(Multiboot2Builder.Tag(99, 0)) },
        { "*type 99*", Multiboot2Builder.File(Multiboot2Builder.Tag(1, 0, 1, 99)) },
        { "*console*", Multiboot2Builder.File(Multiboot2Builder.Tag(4, 0, 1)) },
        { "*tag 4 has only 8 bytes*", Multiboot2Builder.File(Multiboot2Builder.Tag(4, 0)) },
        { "*size of 0 bytes*", Multiboot2Builder.File([7, 0, 0, 0, 0, 0, 0, 0]) },
        { "*size of 4294967295 bytes*", Multiboot2Builder.File([7, 0, 0, 0, 255, 255, 255, 255]) },
        { "*relocatable tag*", Multiboot2Builder.File(Multiboot2Builder.Tag(10, 0, 0x20_0000, 0x30_0000, 0x1000, 1)) },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Load_WrongHeader_IsRefusedByName(string message, byte[] file)
    {
        Action load = () => Load(file);
        load.Should().Throw<ImageException>().WithMessage(message);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(5)]
    public void Load_OptionalTagThatIsNotOffered_IsPassedOver(ushort type)
    {
        Action load = () => Load(Multiboot2Builder.File(Multiboot2Builder.Tag(type, 1, 1024, 768, 32)));
        load.Should().NotThrow();
    }

    [Fact]
    public void Load_AnyHeader_GivesAKernelOrAnImageException()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            byte[] tags = [.. Multiboot2Builder.Placed.SelectMany(t => t), .. Multiboot2Builder.Tag(10, 0, 0, uint.MaxValue, 1, 0), .. Multiboot2Builder.Tag(1, 0, 6)];
            for (int i = 0; i + 1 < bytes.Length; i += 2)
            {
                tags[bytes[i] % tags.Length] = bytes[i + 1];
            }

            try
            {
                return Multiboot2Image.Load(Multiboot2Builder.Header(0, tags), new ArrayMemory(MemoryBytes), string.Empty, [], Board).Kernel.End <= MemoryBytes;
            }
            catch (ImageException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }

    private (LoadedImage Kernel, uint Information) Load(byte[] file, string commandLine = "", params ImageFile[] modules) =>
        Multiboot2Image.Load(file, _memory, commandLine, modules, Board);

    private Dictionary<uint, byte[]> Tags(uint at)
    {
        byte[] all = _memory.Bytes[(int)at..(int)(at + Word(_memory.Bytes, (int)at))];
        var tags = new Dictionary<uint, byte[]>();
        for (int tag = 8; tag < all.Length; tag += (int)(Word(all, tag + 4) + 7) & ~7)
        {
            tags.Add(Word(all, tag), all[(tag + 8)..(tag + (int)Word(all, tag + 4))]);
        }

        tags[0].Should().BeEmpty("the list ends with an empty tag");
        return tags;
    }

    private static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
}
