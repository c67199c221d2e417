namespace KvmSharp.Machines;

/// <summary>The host's end of a line, as it is, that tells when a byte goes to it.</summary>
/// <param name="host">The host's end.</param>
/// <param name="sent">Called behind each byte.</param>
internal sealed class WatchedHost(ISerialHost host, Action sent) : ISerialHost
{
    /// <inheritdoc/>
    public void Write(byte value)
    {
        host.Write(value);
        sent();
    }

    /// <inheritdoc/>
    public void WaitForRoom() => host.WaitForRoom();

    /// <inheritdoc/>
    public bool TryRead(out byte value) => host.TryRead(out value);

    /// <inheritdoc/>
    public bool WaitForInput(CancellationToken cancellation) => host.WaitForInput(cancellation);
}
