using System.Net.Sockets;

namespace KvmSharp.Machines.Gdb;

/// <summary>A socket as the line to a debugger.</summary>
/// <param name="socket">The socket, connected; owned from now on.</param>
internal sealed class SocketTransport(Socket socket) : IGdbTransport
{
    private const int PatienceMilliseconds = 5000; // a debugger that reads nothing for so long has gone, or means harm

    /// <inheritdoc/>
    public int Read(Span<byte> buffer)
    {
        try
        {
            return socket.Receive(buffer);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            socket.SendTimeout = PatienceMilliseconds;
            while (!bytes.IsEmpty)
            {
                bytes = bytes[socket.Send(bytes)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The debugger has gone.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both); // wakes the thread that reads
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has been closed by the other end.
        }

        socket.Dispose();
    }
}
