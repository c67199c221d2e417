using System.Collections.Concurrent;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Tests.Gdb;

/// <summary>Lets clients in the same process connect to a stub, without sockets.</summary>
internal sealed class MemoryListener : IGdbListener
{
    private readonly BlockingCollection<MemoryLine> _coming = [];

    public string Place => "memory";

    public GdbClient Connect()
    {
        var line = new MemoryLine();
        _coming.Add(line);
        return new GdbClient(line);
    }

    public IGdbTransport? Accept() => _coming.TryTake(out MemoryLine? line, Timeout.Infinite) ? line : null;

    public void Dispose() => _coming.CompleteAdding();
}

/// <summary>A line in memory: the stub's end of it, and queues for the other end.</summary>
internal sealed class MemoryLine : IGdbTransport
{
    public BlockingCollection<byte> ToStub { get; } = [];

    public BlockingCollection<byte> FromStub { get; } = [];

    public int Read(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && ToStub.TryTake(out byte value, count == 0 ? Timeout.Infinite : 0))
        {
            buffer[count++] = value;
        }

        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            foreach (byte value in bytes)
            {
                FromStub.Add(value);
            }
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("The line is closed.", e);
        }
    }

    public void Dispose()
    {
        FromStub.CompleteAdding();
        ToStub.CompleteAdding();
    }
}
