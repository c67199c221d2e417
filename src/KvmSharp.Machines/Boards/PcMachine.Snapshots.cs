namespace KvmSharp.Machines;

/// <summary>Snapshots: a machine that stands still becomes a file, and the file a machine. See docs/snapshots.md.</summary>
public sealed partial class PcMachine
{
    /// <summary>Writes the whole machine to a file. It stays as it is and can run on.</summary>
    /// <param name="path">The file; one that is there is replaced when the new one is complete, whatever happens meanwhile.</param>
    /// <exception cref="SnapshotException">The file cannot be written, or a disk not read.</exception>
    /// <exception cref="KvmException">The machine runs (EBUSY).</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SnapshotFile.Write(path, Save);
    }

    /// <summary>Writes the whole machine to a stream. It stays as it is and can run on.</summary>
    /// <param name="stream">Where to.</param>
    /// <exception cref="SnapshotException">A disk cannot be read.</exception>
    /// <exception cref="KvmException">The machine runs (EBUSY).</exception>
    /// <remarks>Equal machines give equal bytes.</remarks>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var writer = new SnapshotWriter(stream);
        using (_gate.Enter())
        {
            SettleAll();
            SavedConfiguration.Write(writer, _options, _clockStart, Image);
            SavedDisks.Write(writer, _disks!);
            WriteState(writer);
            WriteMemory(writer);
        }

        writer.Finish();
    }

    /// <summary>Makes a machine from a file. The guest goes on where it was.</summary>
    /// <param name="path">The file.</param>
    /// <param name="host">The host's side; <see langword="null"/> connects nothing.</param>
    /// <returns>The machine, standing still.</returns>
    /// <exception cref="SnapshotException">The file is missing, damaged or of another version, or a disk is not what it was.</exception>
    /// <exception cref="ImageException">A disk cannot be opened.</exception>
    public static PcMachine Restore(string path, MachineHost? host = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = SnapshotFile.Open(path);
        try
        {
            return Restore(file, host);
        }
        catch (SnapshotException e)
        {
            throw new SnapshotException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Makes a machine from a stream. The guest goes on where it was.</summary>
    /// <param name="stream">The snapshot, from here to the stream's end; it must be able to seek.</param>
    /// <param name="host">The host's side; <see langword="null"/> connects nothing.</param>
    /// <returns>The machine, standing still.</returns>
    /// <exception cref="SnapshotException">It is damaged or of another version, or a disk is not what it was.</exception>
    /// <exception cref="ImageException">A disk cannot be opened.</exception>
    /// <remarks>Its disks' images are never written: changes go to a layer of the machine's own, which ends with it.</remarks>
    public static PcMachine Restore(Stream stream, MachineHost? host = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        host ??= new MachineHost();
        try
        {
            var sections = new SectionCursor(new SnapshotReader(stream));
            (PcOptions options, LoadedImage image) = SavedConfiguration.Read(sections);
            if (host.Entropy is null && options is { Deterministic: false } && options.Devices.HasFlag(OptionalDevices.VirtioRng))
            {
                throw new SnapshotException("The machine of the snapshot has an entropy device, which needs the host's random bytes: give a source.");
            }

            return Build(host.ApplyTo(options), SavedDisks.Read(sections, host.AcceptsChangedDisks), image, machine =>
            {
                machine.ReadState(sections);
                machine.ReadMemory(sections);
            });
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or OverflowException or IndexOutOfRangeException or KvmException)
        {
            throw new SnapshotException($"The snapshot is damaged, or was written by another version: {e.Message}", e);
        }
    }

    /// <summary>Makes a second machine that is as this one is now, in the time of a few milliseconds. Neither sees what the other does afterwards.</summary>
    /// <param name="host">The fork's host side; <see langword="null"/> connects nothing.</param>
    /// <returns>The fork, standing still. It may run on another thread, and outlive this machine.</returns>
    /// <exception cref="KvmException">The machine runs (EBUSY).</exception>
    /// <exception cref="ArgumentException">The machine has an entropy device, is not deterministic, and <paramref name="host"/> has no source for it.</exception>
    /// <remarks>
    /// Pages of memory, and what was on the disks, are shared until one side changes them. Each fork's changes to disks go to a layer of its own,
    /// which ends with it.
    /// </remarks>
    public PcMachine Fork(MachineHost? host = null)
    {
        using (_gate.Enter())
        {
            SettleAll();
            using var state = new MemoryStream();
            using (var writer = new SnapshotWriter(state, summed: false))
            {
                WriteState(writer);
                writer.Finish();
            }

            state.Position = 0;
            PcOptions options = (host ?? new MachineHost()).ApplyTo(_options) with { ClockStart = _clockStart };
            return Build(options, _disks!.Fork(), Image, fork =>
            {
                fork.ReadState(new SectionCursor(new SnapshotReader(state, verify: false)));
                fork._vm.ShareMemoryOf(_vm);
                fork._shadow.ShareHiddenOf(_shadow);
                fork._devices.Video.Vga.Memory.ShareFrom(_devices.Video.Vga.Memory);
            });
        }
    }

    // A machine that owns its disks, or nothing that stays open.
    private static PcMachine Build(PcOptions options, MachineDisks disks, LoadedImage image, Action<PcMachine> fill)
    {
        PcMachine machine;
        try
        {
            machine = new PcMachine(options, _ => disks) { Image = image };
        }
        catch
        {
            disks.Dispose();
            throw;
        }

        try
        {
            fill(machine);
            machine.ReleaseInput();
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    // What the host has for the guest waited until all parts were there.
    private void ReleaseInput()
    {
        _serial.HoldsInput = false;
        NotifyInput();
    }

    // An access that waits for an answer is answered as nobody would: a snapshot stands between two instructions.
    private void SettleAll()
    {
        foreach (VirtualCpu vcpu in Vcpus)
        {
            while (vcpu.HasPendingExit)
            {
                vcpu.ExitData.Fill(byte.MaxValue);
                vcpu.CompletePendingExit();
            }
        }
    }

    private void WriteMemory(SnapshotWriter writer)
    {
        foreach (MemorySlot slot in _vm.Memory.Slots)
        {
            BulkSections.Write(writer, RamSection(slot), WholeBytes.Pages((long)slot.Size), (page, bytes) => _vm.Memory.Read(slot.GuestPhysicalAddress + (page * PcLayout.PageBytes), bytes));
        }

        BulkSections.Write(writer, "shadow", WholeBytes.Pages((long)PcLayout.ShadowMemoryBytes), _shadow.ReadHidden);
        Devices.VideoMemory video = _devices.Video.Vga.Memory;
        BulkSections.Write(writer, "video", WholeBytes.Pages(video.UsedLength), (page, bytes) => video.Look((int)page * bytes.Length, bytes.Length).CopyTo(bytes));
    }

    private void ReadMemory(SectionCursor sections)
    {
        foreach (MemorySlot slot in _vm.Memory.Slots)
        {
            // Fresh memory: what a new board has in it, its firmware's ROM, is not what is there now.
            _vm.SetUserMemoryRegion(slot with { Size = 0 });
            _vm.SetUserMemoryRegion(slot);
            BulkSections.Read(sections, RamSection(slot), (page, bytes) =>
            {
                ulong offset = page * PcLayout.PageBytes;
                if (offset >= slot.Size)
                {
                    throw new InvalidDataException("A page lies beyond the end of memory.");
                }

                _vm.Memory.Write(slot.GuestPhysicalAddress + offset, bytes);
            });
        }

        using (_gate.Enter())
        {
            _shadow.ClearHidden();
            BulkSections.Read(sections, "shadow", (page, bytes) => WriteAlone(_shadow.WriteHidden, page, bytes));
            Devices.VideoMemory video = _devices.Video.Vga.Memory;
            BulkSections.Read(sections, "video", (page, bytes) => WriteAlone((number, data) => data.CopyTo(video.Change((int)number * data.Length, data.Length)), page, bytes));
        }

        if (sections.Name.Length != 0)
        {
            throw new InvalidDataException($"There is a section \"{sections.Name}\" that this machine has no part for.");
        }

        void WriteAlone(BulkSections.PageSink sink, uint page, ReadOnlySpan<byte> bytes)
        {
            lock (sections)
            {
                sink(page, bytes);
            }
        }
    }

    private static string RamSection(MemorySlot slot) => $"ram.{slot.Id}";
}
