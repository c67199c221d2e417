namespace KvmSharp.Devices;

/// <summary>The debug console of Bochs and QEMU (port E9h): what the guest writes goes to the host, byte by byte.</summary>
/// <remarks>A read gives E9h, by which guests detect it. It remembers nothing. Source: Bochs documentation, "port_e9_hack"; QEMU, hw/char/debugcon.c.</remarks>
/// <param name="sink">Takes each byte, with the machine's device lock held.</param>
public sealed class DebugConsole(Action<byte> sink) : BytePortDevice(ports: 1)
{
    private const byte Readback = 0xE9;

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => Readback;

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value) => sink(value);
}
