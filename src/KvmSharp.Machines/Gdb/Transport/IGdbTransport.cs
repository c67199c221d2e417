namespace KvmSharp.Machines.Gdb;

/// <summary>The line to one debugger: bytes both ways. A socket, or memory in a test.</summary>
public interface IGdbTransport : IDisposable
{
    /// <summary>Waits for bytes. One thread reads.</summary>
    /// <param name="buffer">Where they go.</param>
    /// <returns>How many came; 0 when the other end has gone, or this one was disposed.</returns>
    int Read(Span<byte> buffer);

    /// <summary>Sends bytes. One thread at a time writes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="IOException">The other end has gone, or has read nothing for seconds.</exception>
    void Write(ReadOnlySpan<byte> bytes);
}

/// <summary>Where debuggers connect.</summary>
public interface IGdbListener : IDisposable
{
    /// <summary>Gets the place in words, as a debugger would name it.</summary>
    string Place { get; }

    /// <summary>Waits for a debugger. One thread does.</summary>
    /// <returns>The line to it; <see langword="null"/> when the listener was disposed.</returns>
    IGdbTransport? Accept();
}
