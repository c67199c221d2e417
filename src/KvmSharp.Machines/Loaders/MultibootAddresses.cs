namespace KvmSharp.Machines;

/// <summary>The addresses by which a multiboot header, of either version, says where the file goes when it is no ELF file.</summary>
/// <param name="HeaderOffset">Where the header is in the file.</param>
/// <param name="HeaderAddress">The physical address that the header itself is loaded to.</param>
/// <param name="LoadAddress">The physical address of the first loaded byte.</param>
/// <param name="LoadEnd">The physical address behind the last loaded byte; 0 for the end of the file.</param>
/// <param name="BssEnd">The physical address behind the zeroed part; 0 for none.</param>
internal readonly record struct MultibootAddresses(int HeaderOffset, uint HeaderAddress, uint LoadAddress, uint LoadEnd, uint BssEnd)
{
    /// <summary>Loads the file.</summary>
    public LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory, uint entry, ImageFormat format)
    {
        if (LoadAddress > HeaderAddress || HeaderAddress - LoadAddress > (uint)HeaderOffset)
        {
            throw Wrong($"load_addr {LoadAddress:X}h does not fit header_addr {HeaderAddress:X}h with the header at {HeaderOffset:X}h in the file");
        }

        int start = HeaderOffset - (int)(HeaderAddress - LoadAddress);
        ulong available = (ulong)(image.Length - start);
        if (LoadEnd != 0 && LoadEnd < LoadAddress)
        {
            throw Wrong($"load_end_addr {LoadEnd:X}h lies below load_addr {LoadAddress:X}h");
        }

        ulong length = LoadEnd == 0 ? available : LoadEnd - LoadAddress;
        if (length > available)
        {
            throw Wrong($"load_end_addr {LoadEnd:X}h asks for {length:X}h bytes, but the file has only {available:X}h: it is truncated");
        }

        var loaded = new GuestRange(LoadAddress, length);
        if (BssEnd != 0 && BssEnd < loaded.End)
        {
            throw Wrong($"bss_end_addr {BssEnd:X}h lies below the end of what is loaded, {loaded.End:X}h");
        }

        if (!loaded.Contains(entry))
        {
            throw Wrong($"entry_addr {entry:X}h lies outside what is loaded, {loaded.Start:X}h to {loaded.End:X}h");
        }

        var bss = new GuestRange(loaded.End, BssEnd == 0 ? 0 : BssEnd - loaded.End);
        loaded.Fill(memory, image.Slice(start, (int)length), "The multiboot image");
        bss.Clear(memory, "The multiboot image's zeroed part");
        return new LoadedImage { Format = format, Entry = entry, End = bss.End, Mode = StartMode.Protected32 };
    }

    private static ImageException Wrong(string what) => new($"The multiboot header is wrong: {what}.");
}
