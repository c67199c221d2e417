using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>Reads a trace in JSON lines, however long it is: only what an explanation may need is kept.</summary>
internal static class TraceFile
{
    private const int MostBefore = 64;
    private const int LongestLine = 1 << 20;

    /// <summary>Tells whether a file may be a trace: it begins with a brace.</summary>
    public static bool IsTrace(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return stream.ReadByte() == '{';
    }

    /// <summary>Finds an event.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">Its number; null for the last exit, fault or halt.</param>
    /// <returns>The event and what came before it, the latest last.</returns>
    /// <exception cref="HostException">There is none, or a line is no trace record.</exception>
    public static (TraceRecord Record, IReadOnlyList<TraceRecord> Before) Find(string path, long? wanted)
    {
        using var reader = new StreamReader(path);
        var before = new Queue<TraceRecord>();
        (TraceRecord Record, TraceRecord[] Before)? found = null;
        long number = 0;
        while (ReadLine(reader, ++number) is { } line)
        {
            TraceRecord record = TraceJson.Read(line, number);
            if (wanted is null ? IsNotable(record) : record.Seq == wanted && !record.IsEnd)
            {
                found = (record, [.. before]);
                if (wanted is not null)
                {
                    break;
                }
            }

            before.Enqueue(record);
            if (before.Count > MostBefore)
            {
                before.Dequeue();
            }
        }

        return found ?? throw new HostException(wanted is null
            ? $"{path} holds no exit, fault or halt: trace with --trace events."
            : string.Create(CultureInfo.InvariantCulture, $"{path} holds no event {wanted}."));
    }

    private static bool IsNotable(TraceRecord record) => record.Kind is "exit" or "fault" or "halt";

    private static string? ReadLine(StreamReader reader, long number)
    {
        // A line without end must not fill the memory.
        var line = new System.Text.StringBuilder();
        int next;
        while ((next = reader.Read()) is not (-1 or '\n'))
        {
            line.Append((char)next);
            if (line.Length > LongestLine)
            {
                throw new HostException($"Line {number} is longer than {LongestLine} characters: this is no trace.");
            }
        }

        return next == -1 && line.Length == 0 ? null : line.ToString();
    }
}
