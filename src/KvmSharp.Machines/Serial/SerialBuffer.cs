namespace KvmSharp.Machines;

/// <summary>A serial host in memory: input that is there from the start, and output that is kept. For tests and embedders.</summary>
/// <param name="input">The bytes for the guest.</param>
public sealed class SerialBuffer(ReadOnlyMemory<byte> input = default) : ISerialHost
{
    private readonly Lock _lock = new();
    private readonly List<byte> _output = [];
    private int _taken;

    /// <summary>Gets a copy of all that the guest has sent so far. May be called at any time.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Output()
    {
        lock (_lock)
        {
            return [.. _output];
        }
    }

    /// <inheritdoc/>
    public void Write(byte value)
    {
        lock (_lock)
        {
            _output.Add(value);
        }
    }

    /// <inheritdoc/>
    public void WaitForRoom()
    {
    }

    /// <inheritdoc/>
    public bool TryRead(out byte value)
    {
        bool any = _taken < input.Length;
        value = any ? input.Span[_taken++] : (byte)0;
        return any;
    }

    /// <inheritdoc/>
    public bool WaitForInput(CancellationToken cancellation) => _taken < input.Length;
}
