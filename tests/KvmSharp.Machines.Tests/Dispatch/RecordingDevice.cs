namespace KvmSharp.Machines.Tests;

/// <summary>A device that writes down each access.</summary>
internal sealed class RecordingDevice : IPortDevice, IMmioDevice
{
    public List<string> Accesses { get; } = [];

    public ulong Answer { get; init; }

    public uint ReadPort(ushort offset, int width)
    {
        Accesses.Add($"read {offset:X} {width}");
        return (uint)Answer;
    }

    public void WritePort(ushort offset, int width, uint value) => Accesses.Add($"write {offset:X} {width} {value:X}");

    public ulong ReadMmio(ulong offset, int width)
    {
        Accesses.Add($"read {offset:X} {width}");
        return Answer;
    }

    public void WriteMmio(ulong offset, int width, ulong value) => Accesses.Add($"write {offset:X} {width} {value:X}");
}
