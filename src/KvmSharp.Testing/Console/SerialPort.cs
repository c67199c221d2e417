using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>The host's end of the serial line: keeps what the guest sends, stops it when what a test waits for has come, and holds keys ready.</summary>
/// <remarks>The machine calls it with its device lock held; the test uses it only while the machine stands still.</remarks>
internal sealed class SerialPort(PanicWatch panic) : ISerialHost
{
    private const int Window = 8 * 1024; // a match is looked for in this many last characters at most

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();
    private readonly Queue<byte> _input = new();
    private ExpectedText? _awaited;
    private long _read;

    /// <summary>What has come so far.</summary>
    public Transcript Transcript { get; private init; } = new();

    /// <summary>What stops the machine; set when there is one.</summary>
    public Action? Stop { get; set; }

    /// <summary>Whether there are bytes that the guest has not taken yet.</summary>
    public bool HasInput => _input.Count > 0;

    /// <summary>Makes the end of a sibling's line, with the same past.</summary>
    /// <param name="watch">Its watch for panics.</param>
    public SerialPort Copy(PanicWatch watch)
    {
        var copy = new SerialPort(watch) { Transcript = Transcript.Copy(), _read = _read };
        copy._line.Append(_line);
        foreach (byte value in _input)
        {
            copy._input.Enqueue(value);
        }

        return copy;
    }

    /// <summary>Names what stops the machine when it comes.</summary>
    /// <param name="expected">The text; <see langword="null"/> for nothing.</param>
    public void Await(ExpectedText? expected) => _awaited = expected;

    /// <summary>Takes a text that has come, and all before it.</summary>
    /// <param name="expected">The text.</param>
    /// <param name="found">It, and what came before it.</param>
    /// <returns>Whether it has come.</returns>
    public bool TryTake(ExpectedText expected, out SerialMatch found)
    {
        ReadOnlySpan<char> unread = Transcript.From(_read);
        if (!expected.TryFind(unread, out int start, out int length))
        {
            found = default;
            return false;
        }

        found = new SerialMatch(new string(unread[..start]), new string(unread.Slice(start, length)));
        _read = Transcript.End - (unread.Length - start - length);
        return true;
    }

    /// <summary>Adds bytes for the guest.</summary>
    /// <param name="bytes">The bytes.</param>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _input.Enqueue(value);
        }
    }

    /// <inheritdoc/>
    public void Write(byte value)
    {
        Span<char> characters = stackalloc char[2];
        int count = _decoder.GetChars([value], characters, flush: false);
        foreach (char c in characters[..count])
        {
            Append(c);
        }
    }

    /// <inheritdoc/>
    public void WaitForRoom()
    {
    }

    /// <inheritdoc/>
    public bool TryRead(out byte value) => _input.TryDequeue(out value);

    /// <inheritdoc/>
    public bool WaitForInput(CancellationToken cancellation) => _input.Count > 0;

    private void Append(char c)
    {
        Transcript.Append(c);
        if (c == '\n')
        {
            bool isPanic = panic.Read(_line.ToString().TrimEnd('\r'));
            _line.Clear();
            if (isPanic)
            {
                Stop?.Invoke();
            }
        }
        else if (_line.Length < Window)
        {
            _line.Append(c);
        }

        if (_awaited is not null && _awaited.TryFind(Transcript.From(Math.Max(_read, Transcript.End - Window)), out _, out _))
        {
            _awaited = null;
            Stop?.Invoke();
        }
    }
}
