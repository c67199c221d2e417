namespace KvmSharp.Machines;

/// <summary>The map of guest-physical memory that every boot protocol passes on: INT 15h, function E820h, and what came after it.</summary>
/// <remarks>
/// The extended BIOS data area and the firmware's last 128 KiB below 1 MiB are reserved. The holes that the map does not name, such
/// as the video memory at 640 KiB, hold no RAM. Source: ACPI 6.4, "System Address Map Interfaces".
/// </remarks>
public static class MemoryMap
{
    /// <summary>Makes the map of a board.</summary>
    /// <param name="ram">The ranges of RAM, lowest first, as <see cref="PcLayout.Ram"/> gives them.</param>
    /// <returns>The entries, lowest first; none overlaps another.</returns>
    public static IReadOnlyList<MemoryMapEntry> Of(IReadOnlyList<RamRange> ram)
    {
        ArgumentNullException.ThrowIfNull(ram);
        var map = new List<MemoryMapEntry>();
        foreach (RamRange range in ram)
        {
            bool holdsBiosData = range.Start + range.Length == PcLayout.ConventionalMemoryEnd;
            ulong usable = holdsBiosData ? PcLayout.ExtendedBiosData - range.Start : range.Length;
            map.Add(new MemoryMapEntry(range.Start, usable, MemoryType.Ram));
            if (holdsBiosData)
            {
                map.Add(new MemoryMapEntry(PcLayout.ExtendedBiosData, PcLayout.ConventionalMemoryEnd - PcLayout.ExtendedBiosData, MemoryType.Reserved));
                map.Add(new MemoryMapEntry(PcLayout.Firmware, PcLayout.ExtendedMemory - PcLayout.Firmware, MemoryType.Reserved));
            }
        }

        return map;
    }

    /// <summary>Measures the RAM at an address, as the older calls count it: from 0 and from 1 MiB.</summary>
    internal static uint KibibytesFrom(IReadOnlyList<MemoryMapEntry> map, ulong start) =>
        (uint)(map.FirstOrDefault(entry => entry.Start == start && entry.Type == MemoryType.Ram).Length / 1024);
}

/// <summary>One range of the memory map.</summary>
/// <param name="Start">Its first address.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Type">What it is.</param>
public readonly record struct MemoryMapEntry(ulong Start, ulong Length, MemoryType Type);

/// <summary>What a range of memory is, by its number in the E820 map.</summary>
public enum MemoryType
{
    /// <summary>RAM that an operating system may use.</summary>
    Ram = 1,

    /// <summary>In use by firmware or devices.</summary>
    Reserved = 2,
}
