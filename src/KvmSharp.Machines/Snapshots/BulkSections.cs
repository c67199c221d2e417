namespace KvmSharp.Machines;

/// <summary>Bulk contents (RAM, video memory, disks, files) as sections of pages: several chunks at a time, on all of the host's processors.</summary>
internal static class BulkSections
{
    private const int ChunksAtATime = 8;

    /// <summary>Fills a page's bytes, all of them.</summary>
    /// <param name="page">Its number.</param>
    /// <param name="bytes">The bytes.</param>
    public delegate void PageSource(uint page, Span<byte> bytes);

    /// <summary>Takes a page's bytes. Called from several threads.</summary>
    /// <param name="page">Its number.</param>
    /// <param name="bytes">The bytes.</param>
    public delegate void PageSink(uint page, ReadOnlySpan<byte> bytes);

    /// <summary>Writes pages.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="name">The name of the sections.</param>
    /// <param name="pages">The numbers of the pages, in ascending order.</param>
    /// <param name="source">Gives their bytes.</param>
    /// <param name="keepZeros">Whether pages of zeros are written too.</param>
    public static void Write(SnapshotWriter writer, string name, IEnumerable<uint> pages, PageSource source, bool keepZeros = false)
    {
        var chunks = new List<PageChunk> { new() };
        int full = 0;
        foreach (uint page in pages)
        {
            PageChunk chunk = chunks[full];
            Span<byte> bytes = chunk.Next();
            source(page, bytes);
            if (!keepZeros && !bytes.ContainsAnyExcept((byte)0))
            {
                continue;
            }

            chunk.Add(page);
            if (chunk.Count == PageChunk.MostPages && ++full == chunks.Count)
            {
                if (full == ChunksAtATime)
                {
                    Flush(writer, name, chunks);
                    full = 0;
                }
                else
                {
                    chunks.Add(new PageChunk());
                }
            }
        }

        Flush(writer, name, chunks);
    }

    /// <summary>Hands pages to a sink while sections of one name follow each other.</summary>
    /// <param name="sections">The snapshot, before the first of the sections.</param>
    /// <param name="name">Their name.</param>
    /// <param name="sink">Takes the pages.</param>
    /// <exception cref="InvalidDataException">A chunk is malformed.</exception>
    public static void Read(SectionCursor sections, string name, PageSink sink)
    {
        var chunks = new PageChunk[ChunksAtATime];
        var payloads = new byte[ChunksAtATime][];
        while (true)
        {
            int count = 0;
            while (count < ChunksAtATime && sections.Name == name)
            {
                chunks[count] ??= new PageChunk();
                payloads[count++] = sections.Payload;
                sections.MoveNext();
            }

            if (count == 0)
            {
                return;
            }

            EachInParallel(count, place =>
            {
                PageChunk chunk = chunks[place];
                chunk.Unpack(payloads[place]);
                for (int page = 0; page < chunk.Count; page++)
                {
                    sink(chunk.Number(page), chunk.Page(page));
                }
            });
        }
    }

    private static void Flush(SnapshotWriter writer, string name, List<PageChunk> chunks)
    {
        int count = chunks.FindIndex(static chunk => chunk.Count == 0) is >= 0 and int empty ? empty : chunks.Count;
        var packed = new ReadOnlyMemory<byte>[count];
        EachInParallel(count, place => packed[place] = chunks[place].Pack());
        foreach (ReadOnlyMemory<byte> payload in packed)
        {
            writer.Write(name, payload.Span);
        }

        chunks.ForEach(static chunk => chunk.Clear());
    }

    // The first failure leaves as it is, not in a collection of failures.
    private static void EachInParallel(int count, Action<int> body)
    {
        if (count == 1)
        {
            body(0);
            return;
        }

        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException failures)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}

/// <summary>Stands at one section of a snapshot and goes on to the next.</summary>
internal sealed class SectionCursor
{
    private readonly SnapshotReader _reader;

    /// <summary>Stands at the first section.</summary>
    /// <param name="reader">The snapshot.</param>
    public SectionCursor(SnapshotReader reader)
    {
        _reader = reader;
        MoveNext();
    }

    /// <summary>Gets the section's name; empty behind the last one.</summary>
    public string Name { get; private set; } = string.Empty;

    /// <summary>Gets its contents.</summary>
    public byte[] Payload { get; private set; } = [];

    /// <summary>Goes on.</summary>
    public void MoveNext()
    {
        if (_reader.TryRead(out string name, out byte[] payload))
        {
            (Name, Payload) = (name, payload);
        }
        else
        {
            (Name, Payload) = (string.Empty, []);
        }
    }

    /// <summary>Takes a section's contents field by field, and goes on.</summary>
    /// <param name="name">The name that it must have.</param>
    /// <param name="take">Reads the payload.</param>
    /// <exception cref="InvalidDataException">Another section is here, or not all of it was read.</exception>
    public void Read(string name, Action<BinaryReader> take)
    {
        if (Name != name)
        {
            throw new InvalidDataException($"The section \"{name}\" is not where it should be.");
        }

        using var payload = new MemoryStream(Payload);
        using var fields = new BinaryReader(payload);
        take(fields);
        if (payload.Position != payload.Length)
        {
            throw new InvalidDataException($"The section \"{name}\" is longer than it should be.");
        }

        MoveNext();
    }
}
