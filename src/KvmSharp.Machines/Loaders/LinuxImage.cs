namespace KvmSharp.Machines;

/// <summary>Loads a Linux kernel (a bzImage) and its initial RAM disk by the Linux boot protocol, without any firmware.</summary>
/// <remarks>
/// <code>
///  10000  boot parameters ("zero page"), GDT, command line: see <see cref="LinuxBootParameters"/>
/// 100000  the protected-mode part of the file; the 64-bit entry is 200h behind
///    ...  it moves itself to its preferred address and unpacks there: init_size bytes
///    top  the initial RAM disk, as high as the kernel allows, page aligned
/// </code>
/// Source: Linux, Documentation/arch/x86/boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol".
/// </remarks>
public static class LinuxImage
{
    /// <summary>Where the protected-mode part goes.</summary>
    public const uint LoadAddress = 0x10_0000;

    private const uint Entry64Distance = 0x200;

    /// <summary>Loads a kernel and all that belongs to it.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="boot">What goes with it.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">A header field is wrong, or the kernel, its command line or its RAM disk does not fit.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory, LinuxBoot boot)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(boot);
        LinuxSetupHeader header = LinuxSetupHeader.Read(image);
        if (header.Has64BitEntry && !HasLongMode(boot.Board.Cpuid))
        {
            throw new ImageException("The kernel is 64-bit (XLF_KERNEL_64), and the processor model has no 64-bit mode: choose another model, or a 32-bit kernel.");
        }

        ReadOnlySpan<byte> kernel = image[header.KernelOffset..];
        ulong end = CheckRoom(header, (ulong)kernel.Length, boot.Board.Ram);
        GuestRange? initrd = boot.Initrd is null ? null : PlaceInitrd(header, end, boot);
        new GuestRange(LoadAddress, (ulong)kernel.Length).Fill(memory, kernel, "The kernel");
        initrd?.Fill(memory, boot.Initrd!.Bytes.Span, "The initial RAM disk");
        LinuxBootParameters.Write(memory, image, header, boot, initrd);
        if (header.Has64BitEntry)
        {
            LongModeTables.Write(memory);
        }

        return new LoadedImage
        {
            Format = ImageFormat.Linux,
            Entry = header.Has64BitEntry ? LoadAddress + Entry64Distance : LoadAddress,
            End = Math.Max(end, initrd?.End ?? 0),
            Mode = header.Has64BitEntry ? StartMode.Long64 : StartMode.Protected32,
        };
    }

    // The first address above what the kernel needs, both where it is loaded and where it runs.
    private static ulong CheckRoom(in LinuxSetupHeader header, ulong kernelBytes, IReadOnlyList<RamRange> ram)
    {
        ulong top = TopOfLowRam(ram);
        ulong loadedEnd = LoadAddress + kernelBytes;
        bool fits = header.RuntimeStart <= top && header.InitBytes <= top - header.RuntimeStart && loadedEnd <= top;
        return fits
            ? Math.Max(loadedEnd, header.RuntimeStart + header.InitBytes)
            : throw new ImageException(
                $"The kernel takes {kernelBytes} bytes at {LoadAddress:X}h and then {header.InitBytes} bytes (init_size) at {header.RuntimeStart:X}h, "
                + $"but memory below 4 GiB ends at {top:X}h: give the guest more memory.");
    }

    private static GuestRange PlaceInitrd(in LinuxSetupHeader header, ulong kernelEnd, LinuxBoot boot)
    {
        ulong bytes = (ulong)boot.Initrd!.Bytes.Length;
        ulong top = Math.Min(TopOfLowRam(boot.Board.Ram), header.InitrdMaximum + 1UL);
        if (kernelEnd <= top && bytes <= top - kernelEnd)
        {
            ulong start = (top - bytes) & ~(PcLayout.PageBytes - 1);
            if (start >= kernelEnd)
            {
                return new GuestRange(start, bytes);
            }
        }

        ulong room = kernelEnd <= top ? top - kernelEnd : 0;
        throw new ImageException(
            $"The initial RAM disk {boot.Initrd.Name} has {bytes} bytes, but between the kernel's end at {kernelEnd:X}h and {top:X}h are {room}: "
            + "give the guest more memory, or a smaller RAM disk.");
    }

    private static bool HasLongMode(CpuidTable cpuid)
    {
        const uint ExtendedFeatures = CpuidTable.ExtendedRange + 1;
        const uint LongMode = 1u << 29; // EDX. Intel SDM Vol. 2A, "CPUID"
        return cpuid.Contains(ExtendedFeatures) && (cpuid.Find(ExtendedFeatures, 0).Edx & LongMode) != 0;
    }

    private static ulong TopOfLowRam(IReadOnlyList<RamRange> ram)
    {
        RamRange extended = ram.FirstOrDefault(range => range.Start == PcLayout.ExtendedMemory);
        return extended.Start + extended.Length;
    }
}

/// <summary>What goes with a Linux kernel.</summary>
public sealed record LinuxBoot
{
    /// <summary>Gets the machine.</summary>
    public required BoardDescription Board { get; init; }

    /// <summary>Gets the command line.</summary>
    public string CommandLine { get; init; } = string.Empty;

    /// <summary>Gets the initial RAM disk; <see langword="null"/> for none.</summary>
    public ImageFile? Initrd { get; init; }
}
