using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Connects the UART with the host's end: no byte of the host is offered before the guest has room for it.</summary>
/// <param name="host">The host's end; <see langword="null"/> drops output and gives no input.</param>
/// <param name="sent">Told of each byte that the guest sends.</param>
internal sealed class SerialConnection(ISerialHost? host, Action<byte> sent) : ISerialLine
{
    /// <summary>The UART on the line; set once, when the board is built.</summary>
    public Uart16550? Uart { get; set; }

    /// <inheritdoc/>
    public void Transmit(byte value)
    {
        sent(value);
        host?.Write(value);
    }

    /// <inheritdoc/>
    public void ReceiverReady() => Feed();

    /// <summary>Moves bytes from the host to the UART while it takes them. Call with the device lock held.</summary>
    public void Feed()
    {
        while (Uart is { ReceiverRoom: > 0 } uart && host is not null && host.TryRead(out byte value))
        {
            uart.TryReceive(value);
        }
    }
}
