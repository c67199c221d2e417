using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class ElfImageTests
{
    private const int MemoryBytes = 4 << 20;

    [Fact]
    public void Load_OneSegment_CopiesFileBytesAndZeroesTheRest()
    {
        var memory = new ArrayMemory(MemoryBytes);
        memory.Bytes.AsSpan(0x10_0000, 64).Fill(0xCC);

        LoadedImage loaded = ElfImage.Load(new ElfBuilder().Build(), memory);

        loaded.Should().BeEquivalentTo(new { Format = ImageFormat.Elf, Entry = 0x10_0000u, End = 0x10_0020UL, Mode = StartMode.Protected32 });
        memory.Bytes[0x10_0000..0x10_0010].Should().OnlyContain(b => b == 0x90);
        memory.Bytes[0x10_0010..0x10_0020].Should().OnlyContain(b => b == 0);
        memory.Bytes[0x10_0020].Should().Be(0xCC, "nothing behind the segment is touched");
    }

    [Fact]
    public void Load_LargeBssInFreshMemory_WritesNothingThere()
    {
        var memory = new ArrayMemory(MemoryBytes);
        byte[] file = new ElfBuilder().Segment(0, 1, 84, 0x10_0000, 16, 0x20_0000).Build();

        ElfImage.Load(file, memory);

        memory.Written.Should().Be(16, "zero pages stay untouched, so they cost the host nothing");
    }

    [Fact]
    public void Load_VirtualEntry_IsTranslatedToThePhysicalAddress()
    {
        byte[] file = new ElfBuilder().Segment(0, 1, 84, 0x10_0000, 16, 32, virtualAddress: 0xC010_0000).Word(24, 0xC010_0004).Build();

        ElfImage.Load(file, new ArrayMemory(MemoryBytes)).Entry.Should().Be(0x10_0004);
    }

    public static TheoryData<string, byte[]> WrongFiles() => new()
    {
        { "*7Fh*", [1, 2, 3] },
        { "*cut off*", new ElfBuilder().Build()[..40] },
        { "*64-bit*elf32*", new Elf64Builder().Build() },
        { "*EI_CLASS is 9*", Patched(4, 9) },
        { "*EI_DATA is 2*", Patched(5, 2) },
        { "*e_machine is 40*", new ElfBuilder().Half(18, 40).Build() },
        { "*e_type is 1*link*", new ElfBuilder().Half(16, 1).Build() },
        { "*e_phentsize is 8*", new ElfBuilder().Half(42, 8).Build() },
        { "*e_phnum*", new ElfBuilder().Half(44, 0xFFFF).Build() },
        { "*e_phoff*", new ElfBuilder().Word(28, 0xFFFF_FFF0).Build() },
        { "*PT_LOAD*", new ElfBuilder().Half(44, 0).Build() },
        { "*p_filesz*p_memsz*", new ElfBuilder().Segment(0, 1, 84, 0x10_0000, 32, 16).Build() },
        { "*p_filesz*truncated*", new ElfBuilder().Segment(0, 1, 84, 0x10_0000, 0x8000_0000, 0x8000_0000).Build() },
        { "*p_offset*truncated*", new ElfBuilder().Segment(0, 1, 0xFFFF_FFFF, 0x10_0000, 16, 16).Build() },
        { "*p_paddr*past 4 GiB*", new ElfBuilder().Segment(0, 1, 84, 0xFFFF_FFF8, 16, 32).Build() },
        { "*not all guest memory*more memory*", new ElfBuilder().Segment(0, 1, 84, 0x10_0000, 16, 0xE000_0000).Build() },
        { "*not all guest memory*more memory*", new ElfBuilder().Segment(0, 1, 84, 0x50_0000, 16, 16, virtualAddress: 0x10_0000).Build() },
        { "*overlap at 10001Fh*", new ElfBuilder(segments: 2).Segment(1, 1, 116, 0x10_001F, 16, 16).Build() },
        { "*e_entry*", new ElfBuilder().Word(24, 0x20_0000).Build() },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Load_WrongField_IsRefusedByName(string message, byte[] file)
    {
        Action load = () => ElfImage.Load(file, new ArrayMemory(MemoryBytes));
        load.Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Load_AnyHeader_GivesAnImageOrAnImageException()
    {
        Prop.ForAll(
            Gen.Choose(0, 83).Two().ToArbitrary(),
            ArbMap.Default.ArbFor<uint>(),
            (at, value) =>
            {
                byte[] file = new ElfBuilder().Build();
                foreach (int offset in new[] { at.Item1, at.Item2 })
                {
                    BitConverter.GetBytes(value).AsSpan(0, Math.Min(4, file.Length - offset)).CopyTo(file.AsSpan(offset));
                }

                return LoadsOrRefuses(file);
            }).QuickCheckThrowOnFailure();
    }

    private static bool LoadsOrRefuses(byte[] file)
    {
        try
        {
            return ElfImage.Load(file, new ArrayMemory(MemoryBytes)).End <= MemoryBytes;
        }
        catch (ImageException)
        {
            return true;
        }
    }

    private static byte[] Patched(int offset, byte value)
    {
        byte[] file = new ElfBuilder().Build();
        file[offset] = value;
        return file;
    }
}
