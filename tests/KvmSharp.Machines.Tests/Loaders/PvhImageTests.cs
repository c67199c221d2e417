using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace KvmSharp.Machines.Tests;

public class PvhImageTests
{
    private const int MemoryBytes = 4 << 20;
    private const uint Entry = Elf64Builder.LoadAddress + 8;

    private readonly ArrayMemory _memory = new(MemoryBytes);

    private static BoardDescription Board => new() { Ram = PcLayout.Ram(MemoryBytes), RsdpAddress = 0xF_0000 };

    [Fact]
    public void Load_Note_NamesTheEntry()
    {
        (LoadedImage kernel, _) = PvhImage.Load(new Elf64Builder(note: Elf64Builder.PvhNote(Entry)).Build(), _memory, string.Empty, [], Board);
        kernel.Should().BeEquivalentTo(new { Format = ImageFormat.Pvh, Entry, Mode = StartMode.Protected32 });
    }

    [Fact]
    public void Load_NoteOfFourBytesBehindOthers_IsFound()
    {
        byte[] notes = [.. Elf64Builder.Note("GNU", 3, new byte[5]), .. Elf64Builder.Note("Xen", 18, BitConverter.GetBytes(Entry))];
        PvhImage.Load(new Elf64Builder(note: notes).Build(), _memory, string.Empty, [], Board).Kernel.Entry.Should().Be(Entry);
    }

    [Fact]
    public void Load_StartInformation_PointsToEverything()
    {
        (_, uint info) = PvhImage.Load(
            new Elf64Builder(note: Elf64Builder.PvhNote(Entry)).Build(), _memory, "console=ttyS0", [new ImageFile("initrd", new byte[] { 1, 2, 3 })], Board);

        (Word(info), Word(info + 4), Word(info + 12)).Should().Be((0x336E_C578, 1, 1), "magic, version 1, one module");
        uint module = Word(info + 16);
        _memory.Bytes[(int)Word(module)..(int)(Word(module) + Word(module + 8))].Should().Equal(1, 2, 3);
        Text(Word(info + 24)).Should().Be("console=ttyS0");
        Word(info + 32).Should().Be(0xF_0000);
        Word(info + 48).Should().Be(4);
        uint map = Word(info + 40);
        (Word(map + 24), Word(map + 32), Word(map + 40)).Should().Be((0x9_FC00, 0x400, 2), "the second entry is the extended BIOS data area");
    }

    [Fact]
    public void Detect_ElfWithNote_IsPvh() => ImageFormats.Detect(new Elf64Builder(note: Elf64Builder.PvhNote(Entry)).Build()).Should().Be(ImageFormat.Pvh);

    public static TheoryData<string, byte[]> WrongFiles() => new()
    {
        { "*no PVH note*", new Elf64Builder().Build() },
        { "*no PVH note*", new Elf64Builder(note: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 18, 0, 0, 0]).Build() },
        { "*no PVH note*", new Elf64Builder(note: Elf64Builder.Note("Xenon", 18, new byte[8])).Build() },
        { "*no PVH note*", new Elf64Builder(note: Elf64Builder.PvhNote(Entry)).Segment(1, 4, ulong.MaxValue, ulong.MaxValue).Build() },
        { "*3 bytes*4 or 8*", new Elf64Builder(note: Elf64Builder.Note("Xen", 18, new byte[3])).Build() },
        { "*outside all segments*", new Elf64Builder(note: Elf64Builder.PvhNote(ulong.MaxValue)).Build() },
        { "*e_phoff*", new Elf64Builder().Long(32, ulong.MaxValue - 1).Build() },
        { "*past 4 GiB*", new Elf64Builder().Long(64 + 24, ulong.MaxValue - 1).Build() },
        { "*truncated*", new Elf64Builder().Long(64 + 8, ulong.MaxValue - 1).Build() },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void Load_WrongFile_IsRefusedByName(string message, byte[] file)
    {
        Action load = () => PvhImage.Load(file, _memory, string.Empty, [], Board);
        load.Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Load_AnyNotes_GivesAKernelOrAnImageException()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            byte[] notes = Elf64Builder.PvhNote(Entry);
            for (int i = 0; i + 1 < bytes.Length; i += 2)
            {
                notes[bytes[i] % notes.Length] = bytes[i + 1];
            }

            try
            {
                return PvhImage.Load(new Elf64Builder(note: notes).Build(), new ArrayMemory(MemoryBytes), string.Empty, [], Board).Kernel.End <= MemoryBytes;
            }
            catch (ImageException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }

    private uint Word(uint address) => BinaryPrimitives.ReadUInt32LittleEndian(_memory.Bytes.AsSpan((int)address));

    private string Text(uint address)
    {
        Span<byte> rest = _memory.Bytes.AsSpan((int)address);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
