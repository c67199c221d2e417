namespace KvmSharp.Machines;

/// <summary>Files that a machine was built from, such as its kernel: named in the configuration, their bytes behind it.</summary>
/// <remarks>A guest that resets boots again from them, so that a snapshot is whole without the files.</remarks>
internal sealed class SavedFiles
{
    private readonly List<ReadOnlyMemory<byte>> _files = [];
    private readonly List<(long Length, Action<byte[]> Take)> _wanted = [];

    /// <summary>Names a file in the configuration.</summary>
    /// <param name="fields">The configuration.</param>
    /// <param name="file">The file, or null.</param>
    public void Name(BinaryWriter fields, ImageFile? file)
    {
        fields.Write(file is not null);
        if (file is not null)
        {
            fields.Write(file.Name);
            fields.Write((long)file.Bytes.Length);
            _files.Add(file.Bytes);
        }
    }

    /// <summary>Reads a file's name from the configuration.</summary>
    /// <param name="fields">The configuration.</param>
    /// <returns>The file, its bytes to come; null when there is none.</returns>
    public Later? Expect(BinaryReader fields)
    {
        if (!fields.ReadBoolean())
        {
            return null;
        }

        var file = new Later(fields.ReadString());
        _wanted.Add((fields.ReadInt64(), bytes => file.Bytes = bytes));
        return file;
    }

    /// <summary>Writes the bytes of all files that were named.</summary>
    /// <param name="writer">The snapshot.</param>
    public void Write(SnapshotWriter writer)
    {
        for (int number = 0; number < _files.Count; number++)
        {
            WholeBytes.Write(writer, $"file.{number}", _files[number]);
        }
    }

    /// <summary>Reads the bytes of all files that are expected.</summary>
    /// <param name="sections">The snapshot.</param>
    public void Read(SectionCursor sections)
    {
        for (int number = 0; number < _wanted.Count; number++)
        {
            _wanted[number].Take(WholeBytes.Read(sections, $"file.{number}", _wanted[number].Length));
        }
    }

    /// <summary>A file whose bytes come behind the configuration.</summary>
    /// <param name="name">Its name.</param>
    internal sealed class Later(string name)
    {
        /// <summary>Gets or sets the bytes.</summary>
        public byte[] Bytes { get; set; } = [];

        /// <summary>Gets the file.</summary>
        public ImageFile File => new(name, Bytes);
    }
}

/// <summary>Bytes of a known length as bulk sections, zeros too.</summary>
internal static class WholeBytes
{
    /// <summary>Writes bytes.</summary>
    /// <param name="writer">The snapshot.</param>
    /// <param name="name">The name of the sections.</param>
    /// <param name="bytes">The bytes.</param>
    public static void Write(SnapshotWriter writer, string name, ReadOnlyMemory<byte> bytes) => BulkSections.Write(
        writer,
        name,
        Pages(bytes.Length),
        (page, destination) =>
        {
            ReadOnlySpan<byte> part = bytes.Span[(int)(page * PageChunk.PageBytes)..];
            destination.Clear();
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
        },
        keepZeros: true);

    /// <summary>Reads bytes. Room is taken as they really come.</summary>
    /// <param name="sections">The snapshot.</param>
    /// <param name="name">The name of the sections.</param>
    /// <param name="length">How many there are.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="InvalidDataException">There are not as many.</exception>
    public static byte[] Read(SectionCursor sections, string name, long length)
    {
        var pages = new Dictionary<uint, byte[]>();
        BulkSections.Read(sections, name, (page, bytes) =>
        {
            byte[] copy = bytes.ToArray();
            lock (pages)
            {
                pages[page] = copy;
            }
        });
        if (length < 0 || length > Array.MaxLength || pages.Count != Pages(length).Count())
        {
            throw new InvalidDataException($"The section \"{name}\" has not the bytes that it should have.");
        }

        byte[] all = new byte[length];
        for (uint page = 0; page < pages.Count; page++)
        {
            byte[] bytes = pages.TryGetValue(page, out byte[]? found) ? found : throw new InvalidDataException($"The section \"{name}\" has a gap.");
            int start = (int)page * PageChunk.PageBytes;
            bytes.AsSpan(0, Math.Min(bytes.Length, all.Length - start)).CopyTo(all.AsSpan(start));
        }

        return all;
    }

    /// <summary>Numbers the pages of so many bytes.</summary>
    /// <param name="length">The bytes.</param>
    /// <returns>0 and so on.</returns>
    public static IEnumerable<uint> Pages(long length)
    {
        uint count = checked((uint)((length + PageChunk.PageBytes - 1) / PageChunk.PageBytes));
        for (uint page = 0; page < count; page++)
        {
            yield return page;
        }
    }
}
