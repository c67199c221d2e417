namespace KvmSharp.Testing;

/// <summary>What a guest has sent, as text: the whole of it up to a bound, then its end.</summary>
/// <remarks>Positions count from the first character ever sent, also when that has been dropped.</remarks>
internal sealed class Transcript
{
    /// <summary>Characters that are certain to be kept.</summary>
    public const int Kept = 4 << 20;

    private char[] _text = new char[256];
    private int _count;
    private long _dropped;

    /// <summary>The position behind the last character.</summary>
    public long End => _dropped + _count;

    /// <summary>Adds a character.</summary>
    /// <param name="value">The character.</param>
    public void Append(char value)
    {
        if (_count == _text.Length)
        {
            MakeRoom();
        }

        _text[_count++] = value;
    }

    /// <summary>Gives what was sent from a position on, as far as it is kept.</summary>
    /// <param name="position">The position.</param>
    public ReadOnlySpan<char> From(long position) => _text.AsSpan((int)Math.Clamp(position - _dropped, 0, _count).._count);

    /// <summary>Gives the last lines, without carriage returns.</summary>
    /// <param name="most">The most lines.</param>
    public IReadOnlyList<string> LastLines(int most)
    {
        const int LongestLines = 16 * 1024; // enough for the last lines of anything sane
        string end = new string(From(End - LongestLines)).Replace("\r", string.Empty, StringComparison.Ordinal).TrimEnd('\n');
        return end.Length == 0 ? [] : [.. end.Split('\n').TakeLast(most)];
    }

    /// <inheritdoc/>
    public override string ToString() => new(From(_dropped));

    /// <summary>Makes a copy that goes its own way.</summary>
    public Transcript Copy() => new() { _text = (char[])_text.Clone(), _count = _count, _dropped = _dropped };

    private void MakeRoom()
    {
        if (_count >= 2 * Kept)
        {
            _text.AsSpan(_count - Kept, Kept).CopyTo(_text);
            _dropped += _count - Kept;
            _count = Kept;
            return;
        }

        Array.Resize(ref _text, _text.Length * 2);
    }
}
