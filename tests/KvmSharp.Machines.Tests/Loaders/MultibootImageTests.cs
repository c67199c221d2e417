using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class MultibootImageTests
{
    private const int MemoryBytes = 4 << 20;

    [Fact]
    public void Load_Addresses_PlacesTheWholeFileAndZeroesBss()
    {
        var memory = new ArrayMemory(MemoryBytes);
        memory.Bytes.AsSpan(0x10_0000, 0x200).Fill(0xCC);
        byte[] file = new MultibootBuilder { BssEnd = 0x10_0100 }.Build();

        LoadedImage loaded = MultibootImage.Load(file, memory);

        loaded.Should().BeEquivalentTo(new { Format = ImageFormat.Multiboot, Entry = 0x10_0030u, End = 0x10_0100UL });
        memory.Bytes[0x10_0000..0x10_0040].Should().Equal(file);
        memory.Bytes[0x10_0040..0x10_0100].Should().OnlyContain(b => b == 0);
        memory.Bytes[0x10_0100].Should().Be(0xCC);
    }

    [Fact]
    public void Load_LoadAddressInsideTheFile_SkipsWhatLiesBefore()
    {
        var memory = new ArrayMemory(MemoryBytes);
        byte[] file = new MultibootBuilder { HeaderAddress = MultibootBuilder.LoadAddress, Entry = MultibootBuilder.LoadAddress + 32 }.Build();

        MultibootImage.Load(file, memory);

        memory.Bytes[0x10_0000..0x10_0030].Should().Equal(file[MultibootBuilder.HeaderOffset..]);
    }

    [Fact]
    public void Load_VideoWanted_LoadsWithANote() =>
        MultibootImage.Load(new MultibootBuilder { Flags = (1 << 16) | 4 }.Build(), new ArrayMemory(MemoryBytes)).Notes.Should().ContainSingle().Which.Should().Contain("video");

    public static TheoryData<string, byte[]> WrongFiles() => new()
    {
        { "*no multiboot header*", new byte[64] },
        { "*flags 8h*", new MultibootBuilder { Flags = (1 << 16) | 8 }.Build() },
        { "*no addresses*", new MultibootBuilder { Flags = 3 }.Build() },
        { "*cut off*", new MultibootBuilder().Build()[..40] },
        { "*load_addr*header_addr*", new MultibootBuilder { Load = 0x20_0000 }.Build() },
        { "*load_addr*header_addr*", new MultibootBuilder { HeaderAddress = 0x20_0000 }.Build() },
        { "*load_end_addr FFFFFh lies below*", new MultibootBuilder { LoadEnd = 0xF_FFFF }.Build() },
        { "*load_end_addr*truncated*", new MultibootBuilder { LoadEnd = 0xFFFF_FFFF }.Build() },
        { "*bss_end_addr*", new MultibootBuilder { BssEnd = 0x10_0001 }.Build() },
        { "*entry_addr*", new MultibootBuilder { Entry = 0x10_0040 }.Build() },
        { "*not all guest memory*", new MultibootBuilder { BssEnd = 0xFFFF_FFFF }.Build() },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Load_WrongField_IsRefusedByName(string message, byte[] file)
    {
        Action load = () => MultibootImage.Load(file, new ArrayMemory(MemoryBytes));
        load.Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Load_AnyAddresses_GivesAnImageOrAnImageException()
    {
        Prop.ForAll<uint[]>(v =>
        {
            uint Pick(int i, uint usual) => v.Length > i && (v[i] & 1) != 0 ? v[i] : usual;
            byte[] file = new MultibootBuilder
            {
                HeaderAddress = Pick(0, MultibootBuilder.LoadAddress + MultibootBuilder.HeaderOffset),
                Load = Pick(1, MultibootBuilder.LoadAddress),
                LoadEnd = Pick(2, 0),
                BssEnd = Pick(3, 0),
                Entry = Pick(4, MultibootBuilder.LoadAddress),
            }.Build();
            try
            {
                return MultibootImage.Load(file, new ArrayMemory(MemoryBytes)).End <= MemoryBytes;
            }
            catch (ImageException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }
}
