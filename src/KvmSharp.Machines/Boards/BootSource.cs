namespace KvmSharp.Machines;

/// <summary>An image and all that goes with it.</summary>
public sealed record BootSource
{
    /// <summary>Gets the image.</summary>
    public required ImageFile Image { get; init; }

    /// <summary>Gets the image's format; <see langword="null"/> finds it by the bytes.</summary>
    public ImageFormat? Format { get; init; }

    /// <summary>Gets where a flat image goes.</summary>
    public FlatPlacement Placement { get; init; } = new();

    /// <summary>Gets the command line of a Linux or PVH kernel, and what follows the image's name and a space in that of a multiboot kernel.</summary>
    public string Append { get; init; } = string.Empty;

    /// <summary>Gets the initial RAM disk of a Linux kernel, which a multiboot or PVH kernel gets as its first module.</summary>
    public ImageFile? Initrd { get; init; }

    /// <summary>Gets the files that are loaded beside a multiboot or PVH kernel.</summary>
    public IReadOnlyList<ImageFile> Modules { get; init; } = [];

    /// <summary>Gets the format, given or found.</summary>
    /// <exception cref="ImageException">None was given, and the bytes tell none.</exception>
    public ImageFormat FormatInUse => Format ?? ImageFormats.Detect(Image.Bytes.Span);

    /// <summary>Loads the image into guest memory and gives the vCPU the registers that its format promises.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="board">What the image is told about the machine.</param>
    /// <param name="vcpu">The vCPU, freshly reset.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">It cannot be booted.</exception>
    public LoadedImage Load(IGuestMemory memory, BoardDescription board, VirtualCpu vcpu)
    {
        ArgumentNullException.ThrowIfNull(board);
        ReadOnlySpan<byte> bytes = Image.Bytes.Span;
        ImageFormat format = FormatInUse;
        CheckCompanions(format);
        switch (format)
        {
            case ImageFormat.Linux:
                var boot = new LinuxBoot { Board = board, CommandLine = Append, Initrd = Initrd };
                LoadedImage linux = LinuxImage.Load(bytes, memory, boot);
                StartRegisters.Linux(vcpu, linux);
                return linux;
            case ImageFormat.Multiboot:
                LoadedImage kernel = MultibootImage.Load(bytes, memory);
                uint first = MultibootInformation.Write(memory, kernel.End, $"{Image.Name} {Append}", AllModules, board.Ram);
                StartRegisters.Protected32(vcpu, kernel.Entry, MultibootInformation.BootLoaderMagic, first);
                return kernel;
            case ImageFormat.Multiboot2:
                (LoadedImage kernel2, uint second) = Multiboot2Image.Load(bytes, memory, $"{Image.Name} {Append}", AllModules, board);
                StartRegisters.Protected32(vcpu, kernel2.Entry, Multiboot2Information.BootLoaderMagic, second);
                return kernel2;
            case ImageFormat.Pvh:
                (LoadedImage guest, uint start) = PvhImage.Load(bytes, memory, Append, AllModules, board);
                StartRegisters.Protected32(vcpu, guest.Entry, ebx: start);
                return guest;
            case ImageFormat.Elf:
                LoadedImage program = ElfImage.Load(bytes, memory);
                StartRegisters.Protected32(vcpu, program.Entry);
                return program;
            case ImageFormat.BootSector:
                LoadedImage sector = BootSector.Load(bytes, memory);
                StartRegisters.Real16(vcpu, sector.Entry, PcLayout.FirstHardDisk);
                return sector;
            case ImageFormat.Disk or ImageFormat.Iso:
                throw new ImageException($"{Image.Name} is a disk: firmware boots it, no loader.");
            default:
                return LoadFlat(bytes, memory, vcpu);
        }
    }

    private IReadOnlyList<ImageFile> AllModules => Initrd is null ? Modules : [Initrd, .. Modules];

    private LoadedImage LoadFlat(ReadOnlySpan<byte> bytes, IGuestMemory memory, VirtualCpu vcpu)
    {
        LoadedImage flat = FlatImage.Load(bytes, memory, Placement);
        switch (flat.Mode)
        {
            case StartMode.Real16:
                StartRegisters.Real16(vcpu, flat.Entry, PcLayout.FirstHardDisk);
                break;
            case StartMode.Protected32:
                StartRegisters.Protected32(vcpu, flat.Entry);
                break;
            default:
                StartRegisters.Long64(vcpu, flat.Entry);
                break;
        }

        return flat;
    }

    private void CheckCompanions(ImageFormat format)
    {
        bool takesModules = format is ImageFormat.Multiboot or ImageFormat.Multiboot2 or ImageFormat.Pvh;
        if (Modules.Count > 0 && !takesModules)
        {
            throw new ImageException("Modules are given, but only a multiboot or PVH kernel can take them.");
        }

        if (Initrd is not null && !takesModules && format != ImageFormat.Linux)
        {
            throw new ImageException("An initial RAM disk is given, but only a Linux, multiboot or PVH kernel can take one.");
        }
    }
}
