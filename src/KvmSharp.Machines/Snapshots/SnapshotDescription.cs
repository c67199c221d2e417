namespace KvmSharp.Machines;

/// <summary>What kind of machine a snapshot holds: for those who must connect it before it is restored.</summary>
/// <param name="MemoryBytes">RAM in bytes.</param>
/// <param name="Cpu">The processor model.</param>
/// <param name="Cpus">The number of processors.</param>
/// <param name="Devices">The optional devices.</param>
/// <param name="Deterministic">Whether time is the count of instructions.</param>
public sealed record SnapshotDescription(ulong MemoryBytes, CpuModel Cpu, int Cpus, OptionalDevices Devices, bool Deterministic)
{
    /// <summary>Reads the beginning of a file. Its checksum is not looked at.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="SnapshotException">It is missing, no snapshot, or of another version.</exception>
    public static SnapshotDescription Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = SnapshotFile.Open(path);
        try
        {
            PcOptions options = SavedConfiguration.ReadOptions(new SectionCursor(new SnapshotReader(file, verify: false)));
            return new SnapshotDescription(options.MemoryBytes, options.Cpu, options.Cpus, options.Devices, options.Deterministic);
        }
        catch (SnapshotException e)
        {
            throw new SnapshotException($"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new SnapshotException($"{path}: The snapshot is damaged: {e.Message}", e);
        }
    }
}
