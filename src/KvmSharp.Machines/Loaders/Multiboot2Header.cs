using System.Diagnostics.CodeAnalysis;

namespace KvmSharp.Machines;

/// <summary>A multiboot 2 header: in the first 32,768 bytes of an image, 8-byte aligned, with a checksum and a list of tags.</summary>
/// <remarks>Source: Multiboot2 Specification 2.0, "OS image format", "Header layout" and what follows on each tag.</remarks>
internal sealed class Multiboot2Header
{
    private const uint Magic = 0xE852_50D6;
    private const uint ArchitectureI386 = 0;
    private const int SearchedBytes = 32768;
    private const int FixedBytes = 16; // magic, architecture, length, checksum
    private const int TagHeaderBytes = 8;
    private const int TagAlignment = 8;
    private const ushort Optional = 1;
    private const uint ConsoleRequired = 1;
    private const uint TextConsoleSupported = 2;
    private const uint FromStartOfFile = uint.MaxValue; // load_addr -1

    private readonly List<string> _notes = [];

    /// <summary>Where the file goes; null leaves it to the ELF headers.</summary>
    public MultibootAddresses? Addresses { get; private set; }

    /// <summary>The physical address of the first instruction; null leaves it to the ELF header.</summary>
    public uint? Entry { get; private set; }

    /// <summary>Whether the kernel could be loaded elsewhere, and so wants to be told where it is.</summary>
    public Multiboot2Relocation? Relocation { get; private set; }

    /// <summary>Sentences on what was asked for and is not there.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Looks for the header.</summary>
    /// <exception cref="ImageException">It is there, and malformed or demands what is not offered.</exception>
    public static bool TryFind(ReadOnlySpan<byte> image, [NotNullWhen(true)] out Multiboot2Header? header)
    {
        int last = Math.Min(image.Length, SearchedBytes) - FixedBytes;
        for (int at = 0; at <= last; at += TagAlignment)
        {
            if (LittleEndian.UInt32(image, at) == Magic)
            {
                uint architecture = LittleEndian.UInt32(image, at + 4);
                uint length = LittleEndian.UInt32(image, at + 8);
                if (Magic + architecture + length + LittleEndian.UInt32(image, at + 12) == 0)
                {
                    header = Read(image, at, architecture, length);
                    return true;
                }
            }
        }

        header = null;
        return false;
    }

    private static Multiboot2Header Read(ReadOnlySpan<byte> image, int at, uint architecture, uint length)
    {
        if (architecture != ArchitectureI386)
        {
            throw Wrong($"its architecture is {architecture}, not 0 (i386)");
        }

        if (length < FixedBytes || length > (uint)(image.Length - at))
        {
            throw Wrong($"header_length is {length} bytes, and the file has {image.Length - at} from there on");
        }

        var header = new Multiboot2Header();
        ReadOnlySpan<byte> tags = image.Slice(at + FixedBytes, (int)length - FixedBytes);
        while (tags.Length >= TagHeaderBytes)
        {
            var type = (Multiboot2HeaderTag)LittleEndian.UInt16(tags, 0);
            bool optional = (LittleEndian.UInt16(tags, 2) & Optional) != 0;
            uint size = LittleEndian.UInt32(tags, 4);
            if (size < TagHeaderBytes || size > (uint)tags.Length)
            {
                throw Wrong($"tag {(int)type} has a size of {size} bytes, and the header has {tags.Length} left");
            }

            if (type == Multiboot2HeaderTag.End)
            {
                break;
            }

            header.ReadTag(type, optional, tags[..(int)size], at);
            tags = tags[Math.Min(((int)size + TagAlignment - 1) & -TagAlignment, tags.Length)..];
        }

        return header.Addresses is null || header.Entry is not null ? header : throw Wrong("it has an address tag without an entry address tag");
    }

    private void ReadTag(Multiboot2HeaderTag type, bool optional, ReadOnlySpan<byte> tag, int headerOffset)
    {
        switch (type)
        {
            case Multiboot2HeaderTag.InformationRequest:
                CheckRequests(tag[TagHeaderBytes..], optional);
                break;
            case Multiboot2HeaderTag.Address:
                uint headerAddress = Field(tag, type, 0);
                uint load = Field(tag, type, 1);
                Addresses = new MultibootAddresses(
                    headerOffset,
                    headerAddress,
                    LoadAddress: load == FromStartOfFile ? headerAddress - (uint)headerOffset : load,
                    LoadEnd: Field(tag, type, 2),
                    BssEnd: Field(tag, type, 3));
                break;
            case Multiboot2HeaderTag.EntryAddress:
                Entry = Field(tag, type, 0);
                break;
            case Multiboot2HeaderTag.ConsoleFlags:
                CheckConsole(Field(tag, type, 0), optional);
                break;
            case Multiboot2HeaderTag.Framebuffer:
                _notes.Add("The multiboot2 header asks for a framebuffer; no video mode is set, the screen stays in text mode.");
                break;
            case Multiboot2HeaderTag.Relocatable:
                Relocation = new Multiboot2Relocation(Field(tag, type, 0), Field(tag, type, 1));
                break;
            case Multiboot2HeaderTag.ModuleAlignment: // modules always begin on pages
            case Multiboot2HeaderTag.EfiBootServices: // the EFI tags mean nothing on a machine without EFI
            case Multiboot2HeaderTag.EfiEntry32:
            case Multiboot2HeaderTag.EfiEntry64:
                break;
            default:
                if (!optional)
                {
                    throw new ImageException($"The multiboot2 header demands what its tag {(int)type} says, which is not known here: mark the tag optional, or remove it.");
                }

                break;
        }
    }

    // What a machine has not, such as EFI's tables, may be left out. A request that nobody knows may not.
    private void CheckRequests(ReadOnlySpan<byte> requests, bool optional)
    {
        for (; requests.Length >= sizeof(uint); requests = requests[sizeof(uint)..])
        {
            uint wanted = LittleEndian.UInt32(requests, 0);
            if (wanted > (uint)Multiboot2Tag.LoadBaseAddress && !optional)
            {
                throw new ImageException($"The multiboot2 header demands information of type {wanted}, which is not known here: mark the request optional, or remove it.");
            }

            if (!Multiboot2Information.Offers(wanted))
            {
                _notes.Add($"The multiboot2 header asks for information of type {wanted}, which this machine has not.");
            }
        }
    }

    private static void CheckConsole(uint flags, bool optional)
    {
        if ((flags & ConsoleRequired) != 0 && (flags & TextConsoleSupported) == 0 && !optional)
        {
            throw new ImageException("The multiboot2 header demands a console other than VGA text, and there is none: set bit 1 of its console flags, or mark the tag optional.");
        }
    }

    private static uint Field(ReadOnlySpan<byte> tag, Multiboot2HeaderTag type, int index)
    {
        int at = TagHeaderBytes + (index * sizeof(uint));
        return at + sizeof(uint) <= tag.Length ? LittleEndian.UInt32(tag, at) : throw Wrong($"tag {(int)type} has only {tag.Length} bytes, too few for its fields");
    }

    private static ImageException Wrong(string what) => new($"The multiboot2 header is wrong: {what}.");
}

/// <summary>The addresses between which a relocatable kernel may be loaded.</summary>
internal readonly record struct Multiboot2Relocation(uint Lowest, uint Highest);

/// <summary>The types of tags in a multiboot 2 header.</summary>
internal enum Multiboot2HeaderTag
{
    End = 0,
    InformationRequest = 1,
    Address = 2,
    EntryAddress = 3,
    ConsoleFlags = 4,
    Framebuffer = 5,
    ModuleAlignment = 6,
    EfiBootServices = 7,
    EfiEntry32 = 8,
    EfiEntry64 = 9,
    Relocatable = 10,
}
