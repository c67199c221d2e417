using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The disks of a machine in a snapshot: which image lies below, and what the guest sees otherwise.</summary>
/// <remarks>
/// The restored machine writes above the image, never to it. A disk without an image, one in memory, is in the snapshot as a whole.
/// </remarks>
internal static class SavedDisks
{
    private const string Section = "disks";
    private const int SectorsPerPage = PageChunk.PageBytes / IDisk.SectorBytes;
    private const int PagesPerBlock = DiscardLayer.BlockBytes / PageChunk.PageBytes;

    /// <summary>The places of disks, as bytes in the snapshot.</summary>
    private enum Place : byte
    {
        Ide,
        Virtio,
        Cdrom,
        Floppy,
    }

    /// <summary>Writes all disks.</summary>
    /// <param name="writer">The snapshot.</param>
    /// <param name="disks">The disks.</param>
    public static void Write(SnapshotWriter writer, MachineDisks disks)
    {
        List<(Place Place, ForkableDisk Disk)> all =
        [
            .. disks.Ide.Select(static d => (Place.Ide, (ForkableDisk)d)),
            .. disks.Virtio.Select(static d => (Place.Virtio, (ForkableDisk)d)),
            .. One(Place.Cdrom, disks.Cdrom),
            .. One(Place.Floppy, disks.Floppy),
        ];
        foreach ((_, ForkableDisk disk) in all.Where(static d => !d.Disk.IsReadOnly))
        {
            disk.Flush(); // the image is all there is of what was written to it
        }

        writer.Write(Section, fields =>
        {
            fields.Write(disks.BootOrder.Count);
            foreach (BootDevice device in disks.BootOrder)
            {
                fields.Write((byte)device);
            }

            fields.Write(all.Count);
            all.ForEach(d => WriteOne(fields, d.Place, d.Disk));
        });
        for (int number = 0; number < all.Count; number++)
        {
            WriteContents(writer, $"disk.{number}", all[number].Disk);
        }
    }

    /// <summary>Reads and opens all disks.</summary>
    /// <param name="sections">The snapshot.</param>
    /// <param name="acceptsChanged">Whether images may have been changed since.</param>
    /// <returns>The disks, open.</returns>
    /// <exception cref="SnapshotException">An image is not what it was.</exception>
    /// <exception cref="ImageException">An image cannot be opened.</exception>
    public static MachineDisks Read(SectionCursor sections, bool acceptsChanged)
    {
        List<BootDevice> order = [];
        List<Saved> all = [];
        sections.Read(Section, fields =>
        {
            for (int left = fields.ReadInt32(); left > 0; left--)
            {
                order.Add((BootDevice)fields.ReadByte());
            }

            for (int left = fields.ReadInt32(); left > 0; left--)
            {
                all.Add(ReadOne(fields));
            }
        });

        var open = new List<(Place Place, ForkableDisk Disk)>();
        try
        {
            for (int number = 0; number < all.Count; number++)
            {
                open.Add((all[number].Place, Open(sections, $"disk.{number}", all[number], acceptsChanged)));
            }

            return MachineDisks.Of([.. At(Place.Ide)], [.. At(Place.Virtio)], At(Place.Cdrom).FirstOrDefault(), At(Place.Floppy).FirstOrDefault(), order);
        }
        catch
        {
            open.ForEach(static d => d.Disk.Dispose());
            throw;
        }

        IEnumerable<ForkableDisk> At(Place place) => open.Where(d => d.Place == place).Select(static d => d.Disk);
    }

    private static IEnumerable<(Place Place, ForkableDisk Disk)> One(Place place, IDisk? disk) => disk is ForkableDisk found ? [(place, found)] : [];

    private static void WriteOne(BinaryWriter fields, Place place, ForkableDisk disk)
    {
        fields.Write((byte)place);
        fields.Write(disk.IsReadOnly);
        fields.Write(disk.SectorCount);
        (string Path, DiskFormat Format)? image = (disk.Disk as DiskImage)?.Base;
        fields.Write(image is not null);
        if (image is { } file)
        {
            string path = Path.GetFullPath(file.Path);
            fields.Write(path);
            fields.Write((byte)file.Format);
            fields.Write(File.GetLastWriteTimeUtc(path).Ticks);
        }
    }

    private static Saved ReadOne(BinaryReader fields)
    {
        var saved = new Saved((Place)fields.ReadByte(), fields.ReadBoolean(), fields.ReadInt64());
        return fields.ReadBoolean()
            ? saved with { Path = fields.ReadString(), Format = (DiskFormat)fields.ReadByte(), Changed = new DateTime(fields.ReadInt64(), DateTimeKind.Utc) }
            : saved;
    }

    private static void WriteContents(SnapshotWriter writer, string name, ForkableDisk disk)
    {
        if (disk.Disk is not DiskImage { Base: not null } image)
        {
            BulkSections.Write(writer, name, WholeBytes.Pages(disk.SectorCount * IDisk.SectorBytes), Source, keepZeros: true);
            return;
        }

        var blocks = new SortedSet<long>();
        image.CollectChanged(blocks);
        long pages = (disk.SectorCount + SectorsPerPage - 1) / SectorsPerPage;
        IEnumerable<uint> changed = blocks.SelectMany(static block => Enumerable.Range(0, PagesPerBlock).Select(page => (block * PagesPerBlock) + page)).Where(page => page < pages).Select(static page => (uint)page);
        BulkSections.Write(writer, name, changed, Source, keepZeros: true);

        void Source(uint page, Span<byte> bytes)
        {
            bytes.Clear();
            DiskResult result = disk.Read(page * (long)SectorsPerPage, Within(disk, page, bytes));
            if (result != DiskResult.Done)
            {
                throw new SnapshotException($"A disk could not be read for the snapshot: {result}.");
            }
        }
    }

    private static ForkableDisk Open(SectionCursor sections, string name, Saved saved, bool acceptsChanged)
    {
        if (saved.Path is not { } path)
        {
            long length = saved.SectorCount is >= 0 and <= int.MaxValue ? saved.SectorCount * IDisk.SectorBytes : throw new InvalidDataException("A disk has no sensible size.");
            return new ForkableDisk(new MemoryDisk(WholeBytes.Read(sections, name, length), saved.IsReadOnly));
        }

        var disk = new ForkableDisk(DiskFactory.Open(new DiskSpec(path) { Format = saved.Format, Writes = saved.IsReadOnly ? DiskWrites.Refused : DiskWrites.Discarded }));
        try
        {
            Check(disk, saved, acceptsChanged);
            BulkSections.Read(sections, name, (page, bytes) =>
            {
                if (page * (long)SectorsPerPage >= disk.SectorCount || disk.Write(page * (long)SectorsPerPage, Within(disk, page, bytes)) != DiskResult.Done)
                {
                    throw new InvalidDataException("A disk's changes do not fit the disk, or the host has no room for them.");
                }
            });
            return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    private static void Check(ForkableDisk disk, Saved saved, bool acceptsChanged)
    {
        if (disk.SectorCount != saved.SectorCount)
        {
            throw new SnapshotException($"{saved.Path} has {disk.SectorCount} sectors, and had {saved.SectorCount} when the snapshot was made: put the image of then in its place.");
        }

        if (!acceptsChanged && File.GetLastWriteTimeUtc(saved.Path!) != saved.Changed)
        {
            throw new SnapshotException(
                $"{saved.Path} has been changed since the snapshot was made, and the guest would find other contents than it knows: put the image of then in its place, or accept it (--accept-changed-disks) if only its time is another.");
        }
    }

    private static Span<byte> Within(ForkableDisk disk, uint page, Span<byte> bytes) => bytes[..LengthAt(disk, page)];

    private static ReadOnlySpan<byte> Within(ForkableDisk disk, uint page, ReadOnlySpan<byte> bytes) => bytes[..LengthAt(disk, page)];

    // A disk may end within a page.
    private static int LengthAt(ForkableDisk disk, uint page) => (int)Math.Min(SectorsPerPage, disk.SectorCount - (page * (long)SectorsPerPage)) * IDisk.SectorBytes;

    private sealed record Saved(Place Place, bool IsReadOnly, long SectorCount)
    {
        public string? Path { get; init; }

        public DiskFormat Format { get; init; }

        public DateTime Changed { get; init; }
    }
}
