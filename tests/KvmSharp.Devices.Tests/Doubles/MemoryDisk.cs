namespace KvmSharp.Devices.Tests;

/// <summary>A disk in memory that fails where a test wants it to. Sector n is filled with the byte n + 1 until it is written.</summary>
internal sealed class MemoryDisk : IDisk
{
    private readonly byte[] _bytes;

    public MemoryDisk(int sectors)
    {
        _bytes = new byte[sectors * IDisk.SectorBytes];
        for (int sector = 0; sector < sectors; sector++)
        {
            Sector(sector).Fill((byte)(sector + 1));
        }
    }

    public long SectorCount => _bytes.Length / IDisk.SectorBytes;

    public bool IsReadOnly { get; init; }

    /// <summary>A sector that the host cannot read.</summary>
    public long BadSector { get; set; } = -1;

    /// <summary>What every write ends with.</summary>
    public DiskResult WriteResult { get; set; }

    public DiskResult FlushResult { get; set; }

    public int Flushes { get; private set; }

    public int LargestRead { get; private set; }

    public Span<byte> Sector(long sector) => _bytes.AsSpan((int)sector * IDisk.SectorBytes, IDisk.SectorBytes);

    public DiskResult Read(long sector, Span<byte> destination)
    {
        int sectors = destination.Length / IDisk.SectorBytes;
        LargestRead = Math.Max(LargestRead, sectors);
        if (sector < 0 || sector + sectors > SectorCount)
        {
            return DiskResult.OutOfRange;
        }

        if (BadSector >= sector && BadSector < sector + sectors)
        {
            return DiskResult.HostError;
        }

        _bytes.AsSpan((int)sector * IDisk.SectorBytes, destination.Length).CopyTo(destination);
        return DiskResult.Done;
    }

    public DiskResult Write(long sector, ReadOnlySpan<byte> source)
    {
        if (WriteResult == DiskResult.Done)
        {
            source.CopyTo(_bytes.AsSpan((int)sector * IDisk.SectorBytes));
        }

        return WriteResult;
    }

    public DiskResult Flush()
    {
        Flushes++;
        return FlushResult;
    }
}
