namespace KvmSharp.Machines;

/// <summary>A firmware ROM that the user has named: below 4 GiB, where the processor starts, and its last 128 KiB also below 1 MiB.</summary>
/// <remarks>Source: Intel 82371FB/82371SB (PIIX/PIIX3) data sheet, "XBCS: X-Bus Chip Select Register" (the two places of the BIOS ROM).</remarks>
internal sealed class BiosRom : IMmioDevice
{
    private const int Unit = 64 * 1024;
    private const int Largest = 16 * 1024 * 1024;
    private const uint ResetVector = 0xFFFF_FFF0;

    private readonly ImageFile _file;

    /// <summary>Takes a ROM's bytes.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="ImageException">Its size is no ROM's.</exception>
    public BiosRom(ImageFile file)
    {
        _file = file;
        if (Length % Unit != 0 || Length is 0 or > Largest)
        {
            throw new ImageException(
                $"{file.Name} of {Length} bytes is no firmware ROM: its size must be a multiple of {Unit / 1024} KiB and at most {Largest >> 20} MiB.");
        }
    }

    private int Length => _file.Bytes.Length;

    private ulong Start => PcLayout.HighMemory - (ulong)Length;

    /// <summary>Puts the ROM on the board. Writes to it are lost.</summary>
    /// <param name="vm">The machine that gets its memory slot.</param>
    /// <param name="mmio">The bus to which writes go.</param>
    public void Install(VirtualMachine vm, MmioBus mmio)
    {
        vm.SetUserMemoryRegion(new MemorySlot(PcLayout.RomSlot, Start, (ulong)Length, MemorySlotOptions.ReadOnly));
        mmio.Map(Start, (ulong)Length, this);
    }

    /// <summary>Stores the ROM's bytes at both places, as a reset finds them whatever DMA has written there.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="shadow">The area below 1 MiB, all of it on the ROM's side.</param>
    /// <returns>Where the processor starts.</returns>
    public LoadedImage Load(IGuestMemory memory, ShadowMemory shadow)
    {
        ReadOnlySpan<byte> bytes = _file.Bytes.Span;
        memory.TryWrite(Start, bytes);
        shadow.SetRom(bytes[^Math.Min(Length, (int)PcLayout.LowRomBytes)..]);
        return new LoadedImage { Format = ImageFormat.Firmware, Entry = ResetVector, End = PcLayout.HighMemory, Mode = StartMode.Real16 };
    }

    /// <inheritdoc/>
    /// <remarks>Never called: reads find the slot.</remarks>
    public ulong ReadMmio(ulong offset, int width) => ulong.MaxValue;

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
    }
}
