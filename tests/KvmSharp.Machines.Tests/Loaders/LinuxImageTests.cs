using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class LinuxImageTests
{
    private const int MemoryBytes = 8 << 20;
    private const int Parameters = (int)LinuxBootParameters.Address;

    private readonly ArrayMemory _memory = new(MemoryBytes);

    private static LinuxBoot Boot => new() { Board = new BoardDescription { Ram = PcLayout.Ram(MemoryBytes) } };

    [Fact]
    public void Load_32BitKernel_LiesAt1MiBAndIsEnteredThere()
    {
        LoadedImage loaded = LinuxImage.Load(new BzImageBuilder().Build(), _memory, Boot);

        loaded.Should().BeEquivalentTo(new { Format = ImageFormat.Linux, Entry = 0x10_0000u, Mode = StartMode.Protected32, End = 0x30_0000UL });
        _memory.Bytes[0x10_0000..0x10_1000].Should().OnlyContain(b => b == 0x90);
        _memory.Bytes[0x10_1000].Should().Be(0);
    }

    [Fact]
    public void Load_64BitKernel_IsEnteredBehindThe32BitEntryInLongMode() =>
        LinuxImage.Load(new BzImageBuilder().With64BitEntry().Build(), _memory, Boot).Should().BeEquivalentTo(new { Entry = 0x10_0200u, Mode = StartMode.Long64 });

    [Fact]
    public void Load_64BitKernelOn32BitProcessor_IsRefused()
    {
        LinuxBoot boot = Boot with { Board = Boot.Board with { Cpuid = CpuModel.PentiumIII.Cpuid } };
        Action load = () => LinuxImage.Load(new BzImageBuilder().With64BitEntry().Build(), _memory, boot);
        load.Should().Throw<ImageException>().WithMessage("*64-bit*model*");
    }

    [Fact]
    public void Load_BootParameters_HoldHeaderCommandLineAndScreen()
    {
        byte[] file = new BzImageBuilder().Build();

        LinuxImage.Load(file, _memory, Boot with { CommandLine = "console=ttyS0" });

        _memory.Bytes[(Parameters + 0x1F1)..(Parameters + 0x210)].Should().Equal(file[0x1F1..0x210], "the header is copied");
        _memory.Bytes[Parameters + 0x210].Should().Be(0xFF, "type_of_loader");
        _memory.Bytes[Parameters + 0x1EF].Should().Be(0, "the sentinel tells that the rest was cleared");
        int line = (int)Word(Parameters + 0x228);
        Encoding.UTF8.GetString(_memory.Bytes.AsSpan(line, 14)).Should().Be("console=ttyS0\0");
        (_memory.Bytes[Parameters + 7], _memory.Bytes[Parameters + 0xE], _memory.Bytes[Parameters + 0xF]).Should().Be((80, 25, 1));
    }

    [Fact]
    public void Load_BootParameters_HoldTheMemoryMap()
    {
        LinuxImage.Load(new BzImageBuilder().Build(), _memory, Boot);

        (ulong, ulong, uint)[] map = [.. Enumerable.Range(0, _memory.Bytes[Parameters + 0x1E8]).Select(i => MapEntry(Parameters + 0x2D0 + (20 * i)))];
        map.Should().Equal((0, 0x9_FC00, 1), (0x9_FC00, 0x400, 2), (0xE_0000, 0x2_0000, 2), (0x10_0000, MemoryBytes - 0x10_0000, 1));
    }

    [Theory]
    [InlineData(0x7FFF_FFFFu, 0x7F_F000)]
    [InlineData(0x4F_FFFFu, 0x4F_F000)] // initrd_addr_max is the highest address that may be used
    [InlineData(0x4F_FFFEu, 0x4F_E000)]
    public void Load_Initrd_LiesAsHighAsTheKernelAllowsOnAPage(uint maximum, int expected)
    {
        byte[] disk = [.. Enumerable.Repeat((byte)0xDD, 4096)];

        LinuxImage.Load(new BzImageBuilder().Word(0x22C, maximum).Build(), _memory, Boot with { Initrd = new ImageFile("disk", disk) });

        (Word(Parameters + 0x218), Word(Parameters + 0x21C)).Should().Be(((uint)expected, 4096u));
        _memory.Bytes[expected..(expected + 4096)].Should().Equal(disk);
    }

    [Theory]
    [InlineData(5 << 20)]
    [InlineData(MemoryBytes)]
    public void Load_InitrdLargerThanTheRoom_NamesBothSizes(int bytes)
    {
        Action load = () => LinuxImage.Load(new BzImageBuilder().Build(), _memory, Boot with { Initrd = new ImageFile("disk.gz", new byte[bytes + 1]) });
        load.Should().Throw<ImageException>().WithMessage($"*disk.gz has {bytes + 1} bytes*300000h and 800000h are {5 << 20}*");
        _memory.Written.Should().Be(0, "what does not fit is seen before anything is loaded");
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void Load_CommandLine_MayBeAsLongAsCmdlineSize(int length, bool fits)
    {
        Action load = () => LinuxImage.Load(new BzImageBuilder().Build(), _memory, Boot with { CommandLine = new string('x', length) });
        if (fits)
        {
            load.Should().NotThrow();
        }
        else
        {
            load.Should().Throw<ImageException>().WithMessage("*command line*256 bytes*255*cmdline_size*");
        }
    }

    [Fact]
    public void Load_EndlessCommandLineSize_IsBoundedByTheBuffer()
    {
        Action load = () => LinuxImage.Load(new BzImageBuilder().Word(0x238, uint.MaxValue).Build(), _memory, Boot with { CommandLine = new string('x', 0x1_0000) });
        load.Should().Throw<ImageException>().WithMessage("*command line*65535*");
    }

    public static TheoryData<string, byte[]> WrongFiles() => new()
    {
        { "*no Linux kernel*", new byte[4096] },
        { "*cut off*", new BzImageBuilder().Build()[..0x208] },
        { "*version 2.05*2.06*", new BzImageBuilder().Half(0x206, 0x0205).Build() },
        { "*zImage*", new BzImageBuilder().Byte(0x211, 0).Build() },
        { "*setup_sects is 255*truncated*", new BzImageBuilder().Byte(0x1F1, 255).Build() },
        { "*syssize*truncated*", new BzImageBuilder().Word(0x1F4, (BzImageBuilder.KernelBytes / 16) + 1).Build() },
        { "*syssize*truncated*", new BzImageBuilder().Word(0x1F4, uint.MaxValue).Build() },
        { "*kernel_alignment*", new BzImageBuilder().Word(0x230, 0).Build() },
        { "*kernel_alignment*", new BzImageBuilder().Word(0x230, 0x1234).Build() },
        { "*init_size*more memory*", new BzImageBuilder().Word(0x260, uint.MaxValue).Build() },
        { "*init_size*more memory*", new BzImageBuilder().Word(0x230, 0x8000_0000).Build() },
        { "*init_size*more memory*", new BzImageBuilder().Word(0x25C, uint.MaxValue).Build() },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Load_LyingHeader_IsRefusedByName(string message, byte[] file)
    {
        Action load = () => LinuxImage.Load(file, _memory, Boot);
        load.Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Load_KernelLargerThanMemory_IsRefused()
    {
        Action load = () => LinuxImage.Load([.. new BzImageBuilder().Build(), .. new byte[MemoryBytes]], _memory, Boot);
        load.Should().Throw<ImageException>().WithMessage("*more memory*");
    }

    [Fact]
    public void Load_AnyHeader_GivesAKernelOrAnImageException()
    {
        Prop.ForAll(
            Gen.Choose(0x1F1, 0x264).Three().ToArbitrary(),
            ArbMap.Default.ArbFor<uint>(),
            (at, value) =>
            {
                var builder = new BzImageBuilder();
                foreach (int offset in new[] { at.Item1, at.Item2, at.Item3 })
                {
                    builder.Word(offset, value);
                }

                try
                {
                    return LinuxImage.Load(builder.Build(), new ArrayMemory(MemoryBytes), Boot with { Initrd = new ImageFile("i", new byte[100]) }).End <= MemoryBytes;
                }
                catch (ImageException)
                {
                    return true;
                }
            }).QuickCheckThrowOnFailure();
    }

    private uint Word(int address) => BinaryPrimitives.ReadUInt32LittleEndian(_memory.Bytes.AsSpan(address));

    private (ulong Start, ulong Length, uint Type) MapEntry(int at) => (
        BinaryPrimitives.ReadUInt64LittleEndian(_memory.Bytes.AsSpan(at)), BinaryPrimitives.ReadUInt64LittleEndian(_memory.Bytes.AsSpan(at + 8)), Word(at + 16));
}
