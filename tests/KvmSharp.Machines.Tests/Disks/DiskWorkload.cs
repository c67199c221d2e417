namespace KvmSharp.Machines.Tests;

/// <summary>Random writes to a disk, beside an array that says what the disk must hold.</summary>
internal sealed class DiskWorkload(IDiskLayer disk, byte[] model, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Gets what the disk must hold.</summary>
    public byte[] Model => model;

    /// <summary>Writes some sectors with bytes that say which write they are from.</summary>
    public void Write(int mostSectors)
    {
        (int offset, int length) = Range(mostSectors);
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        bytes.CopyTo(model, offset);
        disk.Write(offset, bytes);
    }

    /// <summary>Reads some sectors and compares.</summary>
    public void Read(int mostSectors)
    {
        (int offset, int length) = Range(mostSectors);
        var bytes = new byte[length];
        _random.NextBytes(bytes); // a read that fills nothing in must not look right
        disk.Read(offset, bytes);
        bytes.AsSpan().SequenceEqual(model.AsSpan(offset, length)).Should().BeTrue($"{length} bytes at {offset} are what was written");
    }

    public void ReadAll()
    {
        var bytes = new byte[model.Length];
        disk.Read(0, bytes);
        bytes.AsSpan().SequenceEqual(model).Should().BeTrue("the disk holds what was written");
    }

    private (int Offset, int Length) Range(int mostSectors)
    {
        int sectors = model.Length / 512;
        int count = _random.Next(1, Math.Min(mostSectors, sectors) + 1);
        return (_random.Next(sectors - count + 1) * 512, count * 512);
    }
}
