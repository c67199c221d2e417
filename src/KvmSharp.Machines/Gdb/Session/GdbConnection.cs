namespace KvmSharp.Machines.Gdb;

/// <summary>The line to one debugger, framed: a thread of its own reads packets and acknowledges them, whatever the guest does meanwhile.</summary>
internal sealed class GdbConnection : IDisposable
{
    private const int MostWaiting = 64; // no debugger sends so many before it is answered
    private const int ChunkBytes = 4096;

    private readonly IGdbTransport _transport;
    private readonly Action _changed;
    private readonly Lock _gate = new();
    private readonly Lock _sending = new();
    private readonly LinkedList<string?> _waiting = new(); // null is the interrupt byte
    private byte[] _last = [];
    private bool _isClosed;
    private volatile bool _isRetired;
    private volatile bool _acknowledges = true;

    /// <summary>Begins to read.</summary>
    /// <param name="transport">The line, owned from now on.</param>
    /// <param name="changed">Told, on the reader's thread and without a lock, of each packet, interrupt byte and end.</param>
    public GdbConnection(IGdbTransport transport, Action changed)
    {
        (_transport, _changed) = (transport, changed);
        new Thread(ReadAll) { IsBackground = true, Name = "gdb" }.Start();
    }

    /// <summary>Gets a value indicating whether the client has gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _isClosed;
            }
        }
    }

    /// <summary>Gets a value indicating whether a packet waits.</summary>
    public bool HasPacket
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Any(static each => each is not null);
            }
        }
    }

    /// <summary>Gets a value indicating whether an interrupt byte waits.</summary>
    public bool HasInterrupt
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Any(static each => each is null);
            }
        }
    }

    /// <summary>Takes the next packet. Interrupt bytes before it are dropped: they came while the guest stood.</summary>
    public bool TryTake(out string packet)
    {
        lock (_gate)
        {
            packet = string.Empty;
            while (_waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                if (first.Value is { } data)
                {
                    packet = data;
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Takes the first interrupt byte, also from behind packets that came too early.</summary>
    public void TakeInterrupt()
    {
        lock (_gate)
        {
            _waiting.Remove((string?)null);
        }
    }

    /// <summary>No packet is acknowledged from now on. QStartNoAckMode.</summary>
    public void StopAcknowledging() => _acknowledges = false;

    /// <summary>Leaves the line to the client, who closes it when it has read our last packet: what else it says is not heard.</summary>
    public void Retire()
    {
        _isRetired = true;
        lock (_gate)
        {
            _waiting.Clear();
        }
    }

    /// <summary>Sends a packet.</summary>
    /// <param name="data">The packet, a byte in each character.</param>
    public void Send(string data)
    {
        byte[] frame = PacketEncoder.Encode(data);
        _last = frame;
        Write(frame);
    }

    /// <summary>Closes the line; the reader ends.</summary>
    public void Dispose()
    {
        Close();
        _transport.Dispose();
    }

    private void ReadAll()
    {
        var decoder = new PacketDecoder();
        var chunk = new byte[ChunkBytes];
        while (!IsClosed && _transport.Read(chunk) is > 0 and var count)
        {
            foreach (byte value in chunk.AsSpan(0, count))
            {
                Take(decoder.Take(value, out string data), data);
            }
        }

        Dispose();
        _changed();
    }

    private void Take(PacketEvent what, string data)
    {
        switch (what)
        {
            case not PacketEvent.None when _isRetired:
                break;
            case PacketEvent.Packet:
                Acknowledge("+"u8);
                Add(data);
                break;
            case PacketEvent.Interrupt:
                Add(null);
                break;
            case PacketEvent.Damaged:
                Acknowledge("-"u8);
                break;
            case PacketEvent.Refused when _acknowledges:
                Write(_last);
                break;
        }
    }

    private void Add(string? packet)
    {
        lock (_gate)
        {
            if (_waiting.Count == MostWaiting)
            {
                _isClosed = true;
                return;
            }

            _waiting.AddLast(packet);
        }

        _changed();
    }

    private void Acknowledge(ReadOnlySpan<byte> sign)
    {
        if (_acknowledges)
        {
            Write(sign);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            lock (_sending)
            {
                _transport.Write(bytes);
            }
        }
        catch (IOException)
        {
            Close();
        }
    }

    private void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }
    }
}
