using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The virtio console with the host's end on it. Use it with the device lock held.</summary>
internal sealed class PcConsole : IConsoleLine
{
    private readonly ISerialHost? _host;
    private readonly Action<byte> _sent;
    private (ushort Columns, ushort Rows)? _size;

    /// <param name="host">The host's end; <see langword="null"/> drops output and gives no input.</param>
    /// <param name="clock">The machine's time.</param>
    /// <param name="sent">Told of each byte that the guest sends.</param>
    public PcConsole(ISerialHost? host, IVirtualClock clock, Action<byte> sent)
    {
        _host = host;
        _sent = sent;
        Device = new VirtioConsole(this, clock);
    }

    /// <summary>Gets the console.</summary>
    public VirtioConsole Device { get; }

    /// <summary>Tells the guest the size of the host's terminal, now and behind each reset.</summary>
    /// <param name="columns">Characters in a line.</param>
    /// <param name="rows">Lines.</param>
    public void Resize(ushort columns, ushort rows)
    {
        _size = (columns, rows);
        Device.Resize(columns, rows);
    }

    /// <summary>Gives the console its power-on state; the host's terminal is as large as before.</summary>
    public void Reset()
    {
        Device.Reset();
        if (_size is { } size)
        {
            Device.Resize(size.Columns, size.Rows);
        }
    }

    /// <inheritdoc/>
    public void Transmit(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _sent(value);
            _host?.Write(value);
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> destination)
    {
        int count = 0;
        while (count < destination.Length && _host is not null && _host.TryRead(out byte value))
        {
            destination[count++] = value;
        }

        return count;
    }
}
