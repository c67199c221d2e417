namespace KvmSharp.Devices;

/// <summary>What hangs on a <see cref="VirtioConsole"/>: a terminal, a file, a test.</summary>
/// <remarks>Both members are called with the machine's device lock held and must not block; they do not call the console.</remarks>
public interface IConsoleLine
{
    /// <summary>Takes bytes that the guest sent.</summary>
    /// <param name="bytes">The bytes; valid during the call.</param>
    void Transmit(ReadOnlySpan<byte> bytes);

    /// <summary>Gives bytes to the guest, which has room for them.</summary>
    /// <param name="destination">Receives them.</param>
    /// <returns>How many; 0 when there are none now, then <see cref="VirtioConsole.InputReady"/> tells of later ones.</returns>
    int Receive(Span<byte> destination);
}
