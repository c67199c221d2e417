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

    /// <summary>Gets what follows the image's name and a space in a multiboot kernel's command line.</summary>
    public string Append { get; init; } = string.Empty;

    /// <summary>Gets the files that are loaded beside a multiboot kernel.</summary>
    public IReadOnlyList<ImageFile> Modules { get; init; } = [];

    /// <summary>Loads the image into guest memory and gives the vCPU the registers that its format promises.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="ram">The ranges of RAM, lowest first.</param>
    /// <param name="vcpu">The vCPU, freshly reset.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">It cannot be booted.</exception>
    public LoadedImage Load(IGuestMemory memory, IReadOnlyList<RamRange> ram, VirtualCpu vcpu)
    {
        ReadOnlySpan<byte> bytes = Image.Bytes.Span;
        ImageFormat format = Format ?? ImageFormats.Detect(bytes);
        if (Modules.Count > 0 && format != ImageFormat.Multiboot)
        {
            throw new ImageException("Modules are given, but only a multiboot kernel can take them.");
        }

        switch (format)
        {
            case ImageFormat.Multiboot:
                LoadedImage kernel = MultibootImage.Load(bytes, memory);
                uint information = MultibootInformation.Write(memory, kernel.End, $"{Image.Name} {Append}", Modules, ram);
                StartRegisters.Protected32(vcpu, kernel.Entry, MultibootInformation.BootLoaderMagic, information);
                return kernel;
            case ImageFormat.Elf:
                LoadedImage program = ElfImage.Load(bytes, memory);
                StartRegisters.Protected32(vcpu, program.Entry);
                return program;
            case ImageFormat.BootSector:
                LoadedImage sector = BootSector.Load(bytes, memory);
                StartRegisters.Real16(vcpu, sector.Entry, PcLayout.FirstHardDisk);
                return sector;
            default:
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
    }
}
