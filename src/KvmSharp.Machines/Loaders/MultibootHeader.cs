namespace KvmSharp.Machines;

/// <summary>A multiboot 1 header: in the first 8192 bytes of an image, 4-byte aligned, with a checksum.</summary>
/// <remarks>Source: Multiboot Specification 0.6.96, "The layout of Multiboot header".</remarks>
/// <param name="Flags">Bits 0 to 15 are demands, bits 16 to 31 are optional features.</param>
/// <param name="HasAddresses">Whether the following are valid (flag 16).</param>
/// <param name="Addresses">Where the file goes.</param>
/// <param name="Entry">The physical address of the first instruction.</param>
internal readonly record struct MultibootHeader(uint Flags, bool HasAddresses = false, MultibootAddresses Addresses = default, uint Entry = 0)
{
    /// <summary>Flag 2: the kernel wants a table of video modes.</summary>
    public const uint WantsVideo = 1 << 2;

    /// <summary>Flags 0 (modules on page boundaries), 1 (memory information) and 2 are the demands that exist.</summary>
    public const uint UnknownDemands = 0xFFF8;

    private const uint Magic = 0x1BADB002;
    private const uint AddressesValid = 1 << 16;
    private const int SearchedBytes = 8192;
    private const int ShortBytes = 12; // magic, flags, checksum
    private const int LongBytes = 32;  // and five addresses

    /// <summary>Looks for the header.</summary>
    public static bool TryFind(ReadOnlySpan<byte> image, out MultibootHeader header)
    {
        int last = Math.Min(image.Length, SearchedBytes) - ShortBytes;
        for (int at = 0; at <= last; at += sizeof(uint))
        {
            uint flags = LittleEndian.UInt32(image, at + 4);
            if (LittleEndian.UInt32(image, at) == Magic && Magic + flags + LittleEndian.UInt32(image, at + 8) == 0)
            {
                header = Read(image, at, flags);
                return true;
            }
        }

        header = default;
        return false;
    }

    private static MultibootHeader Read(ReadOnlySpan<byte> image, int at, uint flags)
    {
        if ((flags & AddressesValid) == 0)
        {
            return new MultibootHeader(flags);
        }

        if (image.Length - at < LongBytes)
        {
            throw new ImageException($"The multiboot header at {at:X}h is cut off: its flag 16 promises five addresses, but the file ends before them.");
        }

        ReadOnlySpan<byte> h = image.Slice(at, LongBytes);
        var addresses = new MultibootAddresses(
            at,
            HeaderAddress: LittleEndian.UInt32(h, 12),
            LoadAddress: LittleEndian.UInt32(h, 16),
            LoadEnd: LittleEndian.UInt32(h, 20),
            BssEnd: LittleEndian.UInt32(h, 24));
        return new MultibootHeader(flags, HasAddresses: true, addresses, Entry: LittleEndian.UInt32(h, 28));
    }
}
