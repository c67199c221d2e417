namespace KvmSharp.Machines;

/// <summary>The BIOS data area and, behind the last KiB that programs may use, the extended one.</summary>
internal sealed class DataAreas
{
    private readonly FirmwareBus _bus;
    private readonly uint _extended;

    public DataAreas(FirmwareBus bus, IReadOnlyList<RamRange> ram)
    {
        _bus = bus;
        ulong end = Math.Min(ram[0].Start + ram[0].Length, PcLayout.ConventionalMemoryEnd);
        _extended = (uint)(end - ExtendedBiosData.Size);
    }

    /// <summary>Gets the segment of the extended area.</summary>
    public ushort ExtendedSegment => (ushort)(_extended >> 4);

    /// <summary>Gets the memory below the extended area, in KiB.</summary>
    public ushort ConventionalKiB => (ushort)(_extended / 1024);

    /// <summary>Gets the physical address of an offset in the extended area.</summary>
    public uint Extended(uint offset) => _extended + offset;

    /// <summary>Zeroes both areas, but not the word by which a guest says what kind of restart it wants.</summary>
    public void Clear()
    {
        ushort restart = _bus.ReadWord(BiosData.RestartKind);
        _bus.TryWrite(BiosData.Start, new byte[BiosData.Size]);
        _bus.WriteWord(BiosData.RestartKind, restart);
        _bus.TryWrite(_extended, new byte[ExtendedBiosData.Size]);
    }
}
