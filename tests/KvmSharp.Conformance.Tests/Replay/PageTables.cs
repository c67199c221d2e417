namespace KvmSharp.Conformance.Replay;

/// <summary>Builds page tables in guest memory: two levels of 4-byte entries, or four levels of 8-byte entries.</summary>
/// <param name="memory">The guest's memory.</param>
/// <param name="allocate">Gives the guest-physical address of one more zeroed page.</param>
/// <param name="levels">2 for 32-bit paging, 4 for 4-level paging.</param>
internal sealed class PageTables(GuestMemory memory, Func<ulong> allocate, int levels)
{
    private const int PageShift = 12;
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong User = 4;

    private readonly int _entryBytes = levels == 2 ? sizeof(uint) : sizeof(ulong);
    private readonly int _indexBits = levels == 2 ? 10 : 9;

    /// <summary>Gets the topmost table, for CR3.</summary>
    public ulong Root { get; } = allocate();

    /// <summary>Maps a range of pages.</summary>
    /// <param name="linear">The first linear address.</param>
    /// <param name="physical">Where it lies.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="writable">Whether writes are allowed.</param>
    /// <param name="user">Whether CPL 3 may use it.</param>
    public void Map(ulong linear, ulong physical, ulong size, bool writable, bool user)
    {
        for (ulong done = 0; done < size; done += 1 << PageShift)
        {
            ulong rights = Present | (writable ? Writable : 0) | (user ? User : 0);
            Write(PlaceOf(linear + done), (physical + done) | rights);
        }
    }

    private ulong PlaceOf(ulong linear)
    {
        ulong table = Root;
        for (int level = levels - 1; level > 0; level--)
        {
            ulong place = table + IndexOf(linear, level);
            ulong entry = Read(place);
            if (entry == 0)
            {
                entry = allocate() | Present | Writable | User;
                Write(place, entry);
            }

            table = entry & ~0xFFFul;
        }

        return table + IndexOf(linear, 0);
    }

    private ulong IndexOf(ulong linear, int level) =>
        ((linear >> (PageShift + (level * _indexBits))) & ((1ul << _indexBits) - 1)) * (uint)_entryBytes;

    private ulong Read(ulong place) => _entryBytes == sizeof(uint) ? memory.Read<uint>(place) : memory.Read<ulong>(place);

    private void Write(ulong place, ulong entry)
    {
        if (_entryBytes == sizeof(uint))
        {
            memory.Write(place, (uint)entry);
        }
        else
        {
            memory.Write(place, entry);
        }
    }
}
