using System.Numerics;

namespace KvmSharp.Machines;

/// <summary>The setup header of a bzImage, checked against the file that it is in.</summary>
/// <remarks>
/// Its numbers are the kernel's word: whether they fit guest memory is checked where they are used.
/// Source: Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
/// </remarks>
/// <param name="KernelOffset">Where the protected-mode kernel begins in the file, behind the boot sector and the setup code.</param>
/// <param name="HeaderEnd">The offset behind the header's last byte.</param>
/// <param name="RuntimeStart">Where the kernel will run: it moves itself there from where it is loaded.</param>
/// <param name="InitBytes">What it needs from there on before it can read the memory map.</param>
/// <param name="InitrdMaximum">The highest address that the initial RAM disk may take.</param>
/// <param name="CommandLineBytes">The longest command line, without the terminating zero.</param>
/// <param name="Has64BitEntry">Whether it can be entered in 64-bit mode; such a kernel runs on no other processor.</param>
public readonly record struct LinuxSetupHeader(
    int KernelOffset, int HeaderEnd, ulong RuntimeStart, uint InitBytes, uint InitrdMaximum, uint CommandLineBytes, bool Has64BitEntry)
{
    /// <summary>The offset of the header in the file, and in the boot parameters: setup_sects is its first byte.</summary>
    internal const int Offset = 0x1F1;

    /// <summary>The header as version 2.06 of the protocol has it ends here.</summary>
    private const int ShortestEnd = 0x23C;

    /// <summary>No header is longer: what follows in the boot parameters is another field.</summary>
    private const int LongestEnd = 0x290;

    private const int SectorBytes = 512;
    private const int ParagraphBytes = 16;
    private const byte UsualSetupSectors = 4; // what 0 means
    private const ushort OldestVersion = 0x0206;
    private const ushort VersionWithInitSize = 0x020A;
    private const ushort Version64 = 0x020C; // the first with xloadflags
    private const byte LoadedHigh = 0x01;    // loadflags: at 1 MiB, a bzImage
    private const ushort Kernel64 = 0x01;    // xloadflags: XLF_KERNEL_64

    // By the names in boot.rst
    private const int SetupSectors = 0x1F1;
    private const int SysSize = 0x1F4;
    private const int BootFlag = 0x1FE;
    private const int JumpDistance = 0x201; // the header ends where the jump over it goes
    private const int Magic = 0x202;
    private const int Version = 0x206;
    private const int LoadFlags = 0x211;
    private const int InitrdAddressMaximum = 0x22C;
    private const int KernelAlignment = 0x230;
    private const int RelocatableKernel = 0x234;
    private const int ExtendedLoadFlags = 0x236;
    private const int CommandLineSize = 0x238;
    private const int PreferredAddress = 0x258;
    private const int InitSize = 0x260;

    /// <summary>Tells whether a file is a Linux kernel for boot loaders.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns><see langword="true"/> for 55h AAh at 1FEh and "HdrS" at 202h.</returns>
    public static bool HasMagic(ReadOnlySpan<byte> image) =>
        image.Length >= Version && image[BootFlag] == 0x55 && image[BootFlag + 1] == 0xAA && image[Magic..].StartsWith("HdrS"u8);

    /// <summary>Reads and checks the header.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns>The header.</returns>
    /// <exception cref="ImageException">It is missing, too old or contradicts the file.</exception>
    public static LinuxSetupHeader Read(ReadOnlySpan<byte> image)
    {
        if (!HasMagic(image))
        {
            throw new ImageException("The file is no Linux kernel: it has no \"HdrS\" at 202h. Give the vmlinuz or bzImage of a kernel package.");
        }

        if (image.Length < LongestEnd)
        {
            throw new ImageException($"The kernel's setup header is cut off: the file has only {image.Length} bytes.");
        }

        ushort version = LittleEndian.UInt16(image, Version);
        if (version < OldestVersion)
        {
            throw new ImageException($"The kernel speaks version {version >> 8}.{version & 0xFF:D2} of the boot protocol; 2.06 (Linux 2.6.22) is the oldest that works here.");
        }

        if ((image[LoadFlags] & LoadedHigh) == 0)
        {
            throw new ImageException("The kernel is a zImage (LOADED_HIGH is clear in loadflags), which loads below 640 KiB: build it as a bzImage.");
        }

        return new LinuxSetupHeader(
            KernelOffset: FindKernel(image),
            HeaderEnd: Math.Clamp(Magic + image[JumpDistance], ShortestEnd, LongestEnd),
            RuntimeStart: FindRuntimeStart(image, version),
            InitBytes: version >= VersionWithInitSize ? LittleEndian.UInt32(image, InitSize) : 0,
            InitrdMaximum: LittleEndian.UInt32(image, InitrdAddressMaximum),
            CommandLineBytes: LittleEndian.UInt32(image, CommandLineSize),
            Has64BitEntry: version >= Version64 && (LittleEndian.UInt16(image, ExtendedLoadFlags) & Kernel64) != 0);
    }

    private static int FindKernel(ReadOnlySpan<byte> image)
    {
        int sectors = image[SetupSectors] == 0 ? UsualSetupSectors : image[SetupSectors];
        int offset = (1 + sectors) * SectorBytes;
        ulong stated = (ulong)LittleEndian.UInt32(image, SysSize) * ParagraphBytes;
        if (offset >= image.Length)
        {
            throw new ImageException($"The kernel's setup code alone takes {offset} bytes (setup_sects is {sectors}), but the file has {image.Length}: it is truncated.");
        }

        // The last paragraph need not be whole. What follows the stated size may be a signature.
        return stated < (ulong)(image.Length - offset) + ParagraphBytes
            ? offset
            : throw new ImageException($"The kernel says it has {stated} bytes (syssize) behind its setup code, but the file has {image.Length - offset} there: it is truncated.");
    }

    // A kernel that can be relocated runs at the first aligned address it finds itself at, though not below the preferred one.
    private static ulong FindRuntimeStart(ReadOnlySpan<byte> image, ushort version)
    {
        ulong preferred = version >= VersionWithInitSize ? LittleEndian.UInt64(image, PreferredAddress) : 0;
        if (image[RelocatableKernel] == 0)
        {
            return preferred == 0 ? LinuxImage.LoadAddress : preferred;
        }

        uint alignment = LittleEndian.UInt32(image, KernelAlignment);
        if (!BitOperations.IsPow2(alignment))
        {
            throw new ImageException($"The kernel's alignment is {alignment:X}h (kernel_alignment), which is no power of two: the file is damaged.");
        }

        ulong lowest = Math.Max(LinuxImage.LoadAddress, preferred);
        ulong aligned = (lowest + alignment - 1) & ~(ulong)(alignment - 1);
        return aligned >= lowest ? aligned : ulong.MaxValue; // wrapped: no memory reaches there
    }
}
