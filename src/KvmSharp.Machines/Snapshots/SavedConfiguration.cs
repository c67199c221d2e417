namespace KvmSharp.Machines;

/// <summary>What a machine is built from, as a snapshot holds it: all of <see cref="PcOptions"/> that is not the host's side.</summary>
internal static class SavedConfiguration
{
    private const string Section = "configuration";

    /// <summary>Writes the configuration and the files that it names.</summary>
    /// <param name="writer">The snapshot.</param>
    /// <param name="options">What the machine is built from.</param>
    /// <param name="clockStart">What its clock chip started with.</param>
    /// <param name="image">What it has booted.</param>
    public static void Write(SnapshotWriter writer, PcOptions options, DateTimeOffset clockStart, LoadedImage image)
    {
        var files = new SavedFiles();
        writer.Write(Section, fields =>
        {
            fields.Write(options.MemoryBytes);
            fields.Write(options.Cpu.Name);
            fields.Write(options.Cpus);
            fields.Write(options.Apic);
            fields.Write((int)options.Devices);
            fields.Write(options.DebugExit);
            fields.Write(options.Deterministic);
            fields.Write(options.SerialConsole);
            fields.Write(options.Floppy is not null);
            fields.Write(options.FirmwareDebugOutput is not null);
            fields.Write(options.NoReboot);
            fields.Write(options.StopOnUnmapped);
            fields.Write(options.Seed);
            fields.Write(options.Hypercalls);
            fields.Write(clockStart.UtcTicks);
            WriteImage(fields, image);
            WriteBoot(fields, options.Boot, files);
            files.Name(fields, options.Bios);
            WriteAll(fields, options.OptionRoms, files.Name);
            WriteAll(fields, options.FirmwareFiles.OrderBy(static f => f.Key, StringComparer.Ordinal), (to, file) => files.Name(to, new ImageFile(file.Key, file.Value)));
        });
        files.Write(writer);
    }

    /// <summary>Reads the configuration and its files.</summary>
    /// <param name="sections">The snapshot.</param>
    /// <returns>What to build the machine from, and what it has booted.</returns>
    public static (PcOptions Options, LoadedImage Image) Read(SectionCursor sections)
    {
        PcOptions options = new();
        LoadedImage? image = null;
        var files = new SavedFiles();
        Func<BootSource>? boot = null;
        SavedFiles.Later? bios = null;
        List<SavedFiles.Later> roms = [];
        List<SavedFiles.Later> firmwareFiles = [];
        sections.Read(Section, fields =>
        {
            options = ReadOptions(fields);
            image = ReadImage(fields);
            boot = ReadBoot(fields, files);
            bios = files.Expect(fields);
            roms = ReadAll(fields, from => files.Expect(from)!);
            firmwareFiles = ReadAll(fields, from => files.Expect(from)!);
        });
        files.Read(sections);
        options = options with
        {
            Boot = boot?.Invoke(),
            Bios = bios?.File,
            OptionRoms = [.. roms.Select(static r => r.File)],
            FirmwareFiles = firmwareFiles.ToDictionary(static f => f.File.Name, static f => f.File.Bytes),
        };
        return (options, image!);
    }

    /// <summary>Reads what the machine is built from, without its files.</summary>
    /// <param name="sections">The snapshot.</param>
    /// <returns>The options.</returns>
    public static PcOptions ReadOptions(SectionCursor sections)
    {
        using var fields = new BinaryReader(new MemoryStream(sections.Name == Section ? sections.Payload : []));
        return ReadOptions(fields);
    }

    private static PcOptions ReadOptions(BinaryReader fields)
    {
        ulong memory = fields.ReadUInt64();
        string model = fields.ReadString();
        return new PcOptions
        {
            MemoryBytes = memory,
            Cpu = CpuModel.Find(model) ?? throw new SnapshotException($"The snapshot's processor model is '{model}', which this KvmSharp does not know."),
            Cpus = fields.ReadInt32(),
            Apic = fields.ReadBoolean(),
            Devices = (OptionalDevices)fields.ReadInt32(),
            DebugExit = fields.ReadBoolean(),
            Deterministic = fields.ReadBoolean(),
            SerialConsole = fields.ReadBoolean(),
            Floppy = fields.ReadBoolean() ? new DiskSpec("floppy") : null, // only that there is one counts here
            FirmwareDebugOutput = fields.ReadBoolean() ? static _ => { } : null,
            NoReboot = fields.ReadBoolean(),
            StopOnUnmapped = fields.ReadBoolean(),
            Seed = fields.ReadUInt64(),
            Hypercalls = fields.ReadBoolean(),
            ClockStart = new DateTimeOffset(fields.ReadInt64(), TimeSpan.Zero),
        };
    }

    private static void WriteImage(BinaryWriter fields, LoadedImage image)
    {
        fields.Write((int)image.Format);
        fields.Write(image.Entry);
        fields.Write(image.End);
        fields.Write((int)image.Mode);
        WriteAll(fields, image.Notes, static (to, note) => to.Write(note));
    }

    private static LoadedImage ReadImage(BinaryReader fields) => new()
    {
        Format = (ImageFormat)fields.ReadInt32(),
        Entry = fields.ReadUInt32(),
        End = fields.ReadUInt64(),
        Mode = (StartMode)fields.ReadInt32(),
        Notes = ReadAll(fields, static from => from.ReadString()),
    };

    private static void WriteBoot(BinaryWriter fields, BootSource? boot, SavedFiles files)
    {
        files.Name(fields, boot?.Image);
        if (boot is null)
        {
            return;
        }

        fields.Write((int)boot.FormatInUse);
        fields.Write(boot.Placement.LoadAddress);
        fields.Write(boot.Placement.Entry ?? boot.Placement.LoadAddress);
        fields.Write((int)boot.Placement.Mode);
        fields.Write(boot.Append);
        files.Name(fields, boot.Initrd);
        WriteAll(fields, boot.Modules, files.Name);
    }

    private static Func<BootSource>? ReadBoot(BinaryReader fields, SavedFiles files)
    {
        if (files.Expect(fields) is not { } image)
        {
            return null;
        }

        var format = (ImageFormat)fields.ReadInt32();
        var placement = new FlatPlacement { LoadAddress = fields.ReadUInt32(), Entry = fields.ReadUInt32(), Mode = (StartMode)fields.ReadInt32() };
        string append = fields.ReadString();
        SavedFiles.Later? initrd = files.Expect(fields);
        List<SavedFiles.Later> modules = ReadAll(fields, from => files.Expect(from)!);
        return () => new BootSource
        {
            Image = image.File,
            Format = format,
            Placement = placement,
            Append = append,
            Initrd = initrd?.File,
            Modules = [.. modules.Select(static m => m.File)],
        };
    }

    private static void WriteAll<T>(BinaryWriter fields, IEnumerable<T> items, Action<BinaryWriter, T> write)
    {
        T[] all = [.. items];
        fields.Write(all.Length);
        Array.ForEach(all, item => write(fields, item));
    }

    // The list grows as items really come.
    private static List<T> ReadAll<T>(BinaryReader fields, Func<BinaryReader, T> read)
    {
        var items = new List<T>();
        for (int left = fields.ReadInt32(); left > 0; left--)
        {
            items.Add(read(fields));
        }

        return items;
    }
}
