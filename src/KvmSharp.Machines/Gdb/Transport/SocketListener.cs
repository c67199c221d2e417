using System.Net;
using System.Net.Sockets;

namespace KvmSharp.Machines.Gdb;

/// <summary>Listens at a TCP port or at a socket in the file system.</summary>
public sealed class SocketListener : IGdbListener
{
    private readonly Socket _socket;
    private readonly string? _path;

    private SocketListener(Socket socket, string place, string? path) => (_socket, Place, _path) = (socket, place, path);

    /// <inheritdoc/>
    public string Place { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="address">Where.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="IOException">Nobody can listen there: it is in use, the host is unknown or not this one, the path is no socket.</exception>
    public static SocketListener Open(GdbAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            return address.Path is { } path ? OpenPath(path) : OpenPort(address);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or UnauthorizedAccessException)
        {
            string reason = e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } ? "it is in use" : e.Message;
            throw new IOException($"A debugger cannot be awaited at {address}: {reason}.", e);
        }
    }

    /// <inheritdoc/>
    public IGdbTransport? Accept()
    {
        try
        {
            Socket client = _socket.Accept();
            if (client.ProtocolType == ProtocolType.Tcp)
            {
                client.NoDelay = true; // each packet waits for the answer to the one before
            }

            return new SocketTransport(client);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Stops listening. Connections that were accepted stay.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private static SocketListener OpenPort(GdbAddress address)
    {
        IPAddress host = IPAddress.TryParse(address.Host, out IPAddress? literal) ? literal : Dns.GetHostAddresses(address.Host)[0];
        Socket socket = Listen(new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(host, address.Port));
        return new SocketListener(socket, socket.LocalEndPoint!.ToString()!, path: null);
    }

    private static SocketListener OpenPath(string path)
    {
        var end = new UnixDomainSocketEndPoint(path);
        if (IsLeftBehind(path, end))
        {
            File.Delete(path);
        }

        return new SocketListener(Listen(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), end), path, path);
    }

    private static Socket Listen(Socket socket, EndPoint end)
    {
        try
        {
            socket.Bind(end);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A process that was killed leaves its socket in the file system, where nobody answers any more. What is no socket is never deleted.
    private static bool IsLeftBehind(string path, UnixDomainSocketEndPoint end)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path) || !IsSocket(path))
        {
            return false;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(end);
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
    }

    // What connecting is refused at may be a plain file as well: that one can be opened, a socket cannot. (To read alone would wait at a pipe.)
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
