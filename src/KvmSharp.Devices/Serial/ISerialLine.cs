namespace KvmSharp.Devices;

/// <summary>What hangs on a UART's serial line: a terminal, a file, a test.</summary>
/// <remarks>Both members are called with the machine's device lock held and must not block.</remarks>
public interface ISerialLine
{
    /// <summary>Takes one byte that the guest sent.</summary>
    /// <param name="value">The byte.</param>
    void Transmit(byte value);

    /// <summary>Tells that <see cref="Uart16550.ReceiverRoom"/> was 0 and no longer is; <see cref="Uart16550.TryReceive"/> may be called at once.</summary>
    void ReceiverReady();
}
