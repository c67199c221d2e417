namespace KvmSharp.Devices;

/// <summary>A port that ends the run with a status of the guest's choice, as QEMU's <c>isa-debug-exit</c> does.</summary>
/// <remarks>
/// A write of v, of any width, reports the status <c>(v &lt;&lt; 1) | 1</c>: always odd, so no guest can report 0. Reads give 0. It remembers nothing.
/// Where the result must fit a process status, the system keeps its low eight bits. Source: QEMU, hw/misc/debugexit.c.
/// </remarks>
/// <param name="exit">Called with the status, with the machine's device lock held.</param>
public sealed class DebugExitPort(Action<int> exit) : IPortDevice
{
    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width) => 0;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value) => exit(unchecked((int)((value << 1) | 1)));
}
