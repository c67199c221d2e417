using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>Why a run of a submission ended.</summary>
internal enum RunEnd
{
    /// <summary>The process has gone without a word: killed, FailFast, or a stack overflow.</summary>
    Vanished,

    /// <summary>The entry point returned, or the program called Environment.Exit.</summary>
    Returned,

    /// <summary>An exception left the entry point.</summary>
    Exception,

    /// <summary>The guests used up their instructions.</summary>
    InstructionBudget,

    /// <summary>The guests made too many exits.</summary>
    ExitBudget,

    /// <summary>The safety net in host time.</summary>
    Timeout,

    /// <summary>The channel held something that the recorder did not write.</summary>
    Tampered,
}

/// <summary>The numbers that mark the frames of one channel as the recorder's: SplitMix64, from a key that only both ends know.</summary>
/// <remarks>
/// It keeps out whoever writes to the pipe without the key. It does not keep out code in the recorder's own process that reads the key
/// from its memory: docs/grading.md says what that means.
/// </remarks>
internal struct FrameMarks(ulong[] key)
{
    private ulong _state = key[0];
    private readonly ulong _step = key[1] | 1;

    public ulong Next()
    {
        _state += _step;
        ulong z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

/// <summary>Writes events into the channel, each as one frame: length, mark, contents.</summary>
internal sealed class EventWriter(Stream stream, ulong[] key)
{
    private const int HeadBytes = sizeof(int) + sizeof(ulong);

    private FrameMarks _marks = new(key);

    public void Write(LabEvent e) => Write(writer =>
    {
        writer.Write(true);
        e.Write(writer);
    });

    public void WriteEnd(RunEnd end, string message) => Write(writer =>
    {
        writer.Write(false);
        writer.Write((byte)end);
        writer.Write(message);
    });

    private void Write(Action<BinaryWriter> contents)
    {
        using var frame = new MemoryStream();
        using var writer = new BinaryWriter(frame);
        writer.Write(0);
        writer.Write(_marks.Next());
        contents(writer);
        writer.Seek(0, SeekOrigin.Begin);
        writer.Write((int)frame.Length - HeadBytes);
        writer.Flush();
        stream.Write(frame.GetBuffer().AsSpan(0, (int)frame.Length)); // at once: the process may be gone the next moment
    }
}

/// <summary>Reads what came through the channel.</summary>
internal static class EventReader
{
    private const int LongestFrame = 1 << 20;

    /// <summary>Reads to the end of the channel.</summary>
    /// <param name="stream">The grader's end of the pipe.</param>
    /// <param name="key">The key.</param>
    /// <param name="mostEvents">More than these is not the recorder's work.</param>
    /// <param name="events">Takes the events, while they come.</param>
    /// <returns>How the run ended, as far as the channel tells, and what it says of it.</returns>
    public static (RunEnd End, string Message) Read(Stream stream, ulong[] key, int mostEvents, List<LabEvent> events)
    {
        var marks = new FrameMarks(key);
        if (!stream.CanRead)
        {
            return (RunEnd.Vanished, string.Empty); // the grader has given up before this began
        }

        try
        {
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            while (true)
            {
                int length = reader.ReadInt32();
                if (length is <= 0 or > LongestFrame || reader.ReadUInt64() != marks.Next() || events.Count > mostEvents)
                {
                    return (RunEnd.Tampered, string.Empty);
                }

                using var frame = new BinaryReader(new MemoryStream(reader.ReadBytes(length)));
                if (!frame.ReadBoolean())
                {
                    return ((RunEnd)frame.ReadByte(), frame.ReadString());
                }

                events.Add(LabEvent.Read(frame));
            }
        }
        catch (EndOfStreamException)
        {
            return (RunEnd.Vanished, string.Empty);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or ArgumentException)
        {
            return (RunEnd.Tampered, string.Empty);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return (RunEnd.Vanished, string.Empty); // the grader has closed its end: a limit was reached
        }
    }
}
