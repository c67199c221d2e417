namespace KvmSharp.Machines;

/// <summary>Every port, address and interrupt line of the PC. No other file holds one.</summary>
/// <remarks>Ports and lines are those of the IBM PC/AT and its ISA successors.</remarks>
public static class PcLayout
{
    /// <summary>The DMA controller of channels 0 to 3, which move bytes: 00h to 0Fh.</summary>
    public const ushort FirstDma = 0x00;

    /// <summary>The master interrupt controller: 20h and 21h.</summary>
    public const ushort MasterPic = 0x20;

    /// <summary>Counter 0 of the timer; 41h and 42h are counters 1 and 2, 43h the control word.</summary>
    public const ushort Pit = 0x40;

    /// <summary>The keyboard controller's data port.</summary>
    public const ushort KeyboardData = 0x60;

    /// <summary>System control port B: speaker and the timer's counter 2.</summary>
    public const ushort SystemControlB = 0x61;

    /// <summary>The keyboard controller's command and status port.</summary>
    public const ushort KeyboardCommand = 0x64;

    /// <summary>The clock's index port; 71h is its data port.</summary>
    public const ushort Cmos = 0x70;

    /// <summary>The diagnostic (POST code) latch, which software also writes to wait for about a microsecond.</summary>
    public const ushort PostCode = 0x80;

    /// <summary>The DMA page registers: 81h to 8Fh without 80h, which is <see cref="PostCode"/>.</summary>
    public const ushort DmaPages = 0x81;

    /// <summary>System control port A: fast A20 and fast reset.</summary>
    public const ushort SystemControlA = 0x92;

    /// <summary>The slave interrupt controller: A0h and A1h.</summary>
    public const ushort SlavePic = 0xA0;

    /// <summary>The power management's command port, by which ACPI is switched on; B3h is a byte of scratch.</summary>
    public const ushort ApmCommand = 0xB2;

    /// <summary>The DMA controller of channels 4 to 7, which move words: every other port of C0h to DFh.</summary>
    public const ushort SecondDma = 0xC0;

    /// <summary>QEMU's test device, twelve ports: E0h to EBh, <see cref="DebugConsole"/> among them.</summary>
    public const ushort TestDevice = 0xE0;

    /// <summary>The debug console of Bochs and QEMU: a byte written appears on the serial output.</summary>
    public const ushort DebugConsole = 0xE9;

    /// <summary>The latches between FERR and its interrupt line: F0h clears the request, F1h resets.</summary>
    public const ushort CoprocessorError = 0xF0;

    /// <summary>QEMU's debug-exit device, four ports: F4h to F7h.</summary>
    public const ushort DebugExit = 0xF4;

    /// <summary>The second IDE channel's command block: 170h to 177h.</summary>
    public const ushort SecondaryIde = 0x170;

    /// <summary>The index of the display interface of Bochs; 1CFh is its data.</summary>
    public const ushort BochsDisplay = 0x1CE;

    /// <summary>The first IDE channel's command block: 1F0h to 1F7h.</summary>
    public const ushort PrimaryIde = 0x1F0;

    /// <summary>The second IDE channel's control block, one port.</summary>
    public const ushort SecondaryIdeControl = 0x376;

    /// <summary>The VGA's first port; with a monochrome monitor its CRT controller is at 3B4h.</summary>
    public const ushort Vga = 0x3B0;

    /// <summary>The VGA's other ports: 3C0h to 3DFh.</summary>
    public const ushort VgaColor = 0x3C0;

    /// <summary>The floppy controller: 3F0h to 3F5h, and 3F7h behind <see cref="PrimaryIdeControl"/>.</summary>
    public const ushort Floppy = 0x3F0;

    /// <summary>The first IDE channel's control block, one port.</summary>
    public const ushort PrimaryIdeControl = 0x3F6;

    /// <summary>The first serial port: 3F8h to 3F8h + 7 = 3FFh.</summary>
    public const ushort Com1 = 0x3F8;

    /// <summary>The debug port to which SeaBIOS writes what it does.</summary>
    public const ushort FirmwareDebug = 0x402;

    /// <summary>Edge or level triggering of the interrupt lines: 4D0h master, 4D1h slave.</summary>
    public const ushort EdgeLevelControl = 0x4D0;

    /// <summary>The firmware's configuration device: 510h selector, 511h data, 514h address of a transfer.</summary>
    public const ushort FirmwareConfiguration = 0x510;

    /// <summary>The first of ACPI's fixed registers, 64 ports, when no firmware places them. A guest powers off at 600h + 4.</summary>
    public const ushort PowerManagement = 0x600;

    /// <summary>The ports by which QEMU's test device drives interrupt lines: 2000h to 2017h.</summary>
    public const ushort TestInterruptLines = 0x2000;

    /// <summary>ACPI's general purpose events, four ports.</summary>
    public const ushort GeneralPurposeEvents = 0xAFE0;

    /// <summary>PCI configuration: CF8h address, CFCh data, and CF9h reset control between them.</summary>
    public const ushort PciConfiguration = 0xCF8;

    /// <summary>The first port that PCI windows get when no firmware places them.</summary>
    public const ushort PciPorts = 0xC000;

    /// <summary>The slot of the host bridge.</summary>
    public const int HostBridgeSlot = 0;

    /// <summary>The slot of the chip with the ISA bridge (function 0), IDE (1) and power management (3).</summary>
    public const int IsaBridgeSlot = 1;

    /// <summary>The slot of the display adapter.</summary>
    public const int DisplaySlot = 2;

    /// <summary>The first slot of virtio functions.</summary>
    public const int FirstVirtioSlot = 4;

    /// <summary>The IDE controller's function number.</summary>
    public const int IdeFunction = 1;

    /// <summary>The power management's function number.</summary>
    public const int PowerManagementFunction = 3;

    /// <summary>The reset control register.</summary>
    public const ushort ResetControl = PciConfiguration + 1;

    /// <summary>Written to the reset control register: a full reset, at once.</summary>
    public const byte ResetCommand = 0x06;

    /// <summary>The clock chip's index of the century.</summary>
    public const byte CmosCentury = 0x32;

    /// <summary>Where the firmware's ROM calls managed code: a doubleword, SS:SP. EISA keeps 800h to 8FFh for the board itself.</summary>
    public const ushort FirmwareCall = 0x880;

    /// <summary>The timer's interrupt line.</summary>
    public const int PitIrq = 0;

    /// <summary>The keyboard's interrupt line.</summary>
    public const int KeyboardIrq = 1;

    /// <summary>The master's line that the slave drives.</summary>
    public const int CascadeIrq = 2;

    /// <summary>The first serial port's interrupt line.</summary>
    public const int Com1Irq = 4;

    /// <summary>The floppy controller's interrupt line.</summary>
    public const int FloppyIrq = 6;

    /// <summary>The clock's interrupt line.</summary>
    public const int CmosIrq = 8;

    /// <summary>ACPI's system control interrupt.</summary>
    public const int SystemControlIrq = 9;

    /// <summary>The pointing device's interrupt line.</summary>
    public const int MouseIrq = 12;

    /// <summary>The x87's interrupt line.</summary>
    public const int CoprocessorIrq = 13;

    /// <summary>The first IDE channel's interrupt line.</summary>
    public const int PrimaryIdeIrq = 14;

    /// <summary>The second IDE channel's interrupt line.</summary>
    public const int SecondaryIdeIrq = 15;

    /// <summary>The floppy controller's DMA channel.</summary>
    public const int FloppyDmaChannel = 2;

    /// <summary>The size of a page, the unit of guest memory.</summary>
    public const ulong PageBytes = 4096;

    /// <summary>The address a boot sector is loaded to: 32 KiB - 1 KiB.</summary>
    public const uint BootAddress = 0x8000 - 0x400;

    /// <summary>The BIOS number of the first hard disk, which a boot sector finds in DL.</summary>
    public const byte FirstHardDisk = 0x80;

    /// <summary>The end of conventional memory: 640 KiB.</summary>
    public const ulong ConventionalMemoryEnd = 640 * 1024;

    /// <summary>The extended BIOS data area: the last KiB of conventional memory.</summary>
    public const ulong ExtendedBiosData = ConventionalMemoryEnd - 1024;

    /// <summary>The memory of the VGA text screen.</summary>
    public const ulong TextMemory = 0xB_8000;

    /// <summary>The start of what firmware has below 1 MiB, up to <see cref="ExtendedMemory"/>: 128 KiB.</summary>
    public const ulong Firmware = 0xE_0000;

    /// <summary>The VGA's memory: A0000h, right behind conventional memory, up to BFFFFh.</summary>
    public const ulong VgaMemory = ConventionalMemoryEnd;

    /// <summary>The start of extended memory, 1 MiB; 640 KiB to 1 MiB hold no RAM.</summary>
    public const ulong ExtendedMemory = 1024 * 1024;

    /// <summary>The area that PAM registers make ROM or RAM: C0000h up to <see cref="ExtendedMemory"/>.</summary>
    public const ulong ShadowMemory = 0xC_0000;

    /// <summary>The length of that area: 256 KiB.</summary>
    public const ulong ShadowMemoryBytes = ExtendedMemory - ShadowMemory;

    /// <summary>The length of each of its regions but the last, which has 64 KiB: 16 KiB.</summary>
    public const ulong ShadowRegionBytes = 16 * 1024;

    /// <summary>How much of a firmware ROM's end is also seen below 1 MiB: 128 KiB.</summary>
    public const ulong LowRomBytes = 128 * 1024;

    /// <summary>The end of RAM below 4 GiB: 3.5 GiB. The rest up to 4 GiB is for devices.</summary>
    public const ulong LowMemoryEnd = 0xE000_0000;

    /// <summary>The first address that PCI windows get when no firmware places them.</summary>
    public const ulong PciMemory = LowMemoryEnd;

    /// <summary>The IO-APIC's registers, one page; PCI windows end here too.</summary>
    public const ulong IoApic = 0xFEC0_0000;

    /// <summary>The local APIC's registers, one page, at each processor its own.</summary>
    public const ulong LocalApic = 0xFEE0_0000;

    /// <summary>The memory of QEMU's test device, 64 KiB.</summary>
    public const ulong TestMemory = 0xFF00_0000;

    /// <summary>The first memory slot behind those of RAM, which has at most three ranges: the firmware's ROM.</summary>
    public const int RomSlot = 3;

    /// <summary>The memory slot of the first region of <see cref="ShadowMemory"/>; one for each region.</summary>
    public const int FirstShadowSlot = 4;

    /// <summary>The start of the RAM that does not fit below <see cref="LowMemoryEnd"/>: 4 GiB.</summary>
    public const ulong HighMemory = 1UL << 32;

    /// <summary>Where the processor starts: FFFF:0000, sixteen bytes below 1 MiB.</summary>
    public const uint ResetVector = 0xF_FFF0;

    /// <summary>The end of what real mode can execute with a 16-byte aligned segment: F000h * 16 + 64 KiB = 1 MiB.</summary>
    public const uint RealModeEnd = (0xF000 * 16) + 0x1_0000;

    /// <summary>The largest amount of RAM: 32 GiB, half of what the processor's 36 address bits reach.</summary>
    public const ulong LargestMemory = 32UL << 30;

    /// <summary>Gets the ISA lines that PCI interrupts may be routed to, besides SCI's: they are level-triggered.</summary>
    public static IReadOnlyList<int> PciIrqs { get; } = [5, 10, 11];

    /// <summary>Gets the pin of the IO-APIC that an ISA interrupt line leads to.</summary>
    /// <param name="irq">The line; line 2 leads to none.</param>
    /// <returns>The pin, which is also the number of the global system interrupt in ACPI's tables.</returns>
    public static int IoApicPin(int irq) => irq == PitIrq ? CascadeIrq : irq;

    /// <summary>Gets the ISA line to which firmware routes a PCI interrupt line, as SeaBIOS does: A and B to 10, C and D to 11.</summary>
    /// <param name="pirq">0 for PIRQA# to 3 for PIRQD#.</param>
    /// <returns>The line.</returns>
    public static int PirqRoute(int pirq) => pirq < 2 ? 10 : 11;

    /// <summary>Lays out an amount of RAM.</summary>
    /// <remarks>
    /// As in a PC, the hole from 640 KiB to 1 MiB takes away RAM, so 64 MiB are 640 KiB and 63 MiB. What lies above 3.5 GiB
    /// continues at 4 GiB.
    /// </remarks>
    /// <param name="bytes">The amount; whole pages.</param>
    /// <returns>The ranges, lowest first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is 0, no multiple of a page, or above <see cref="LargestMemory"/>.</exception>
    public static IReadOnlyList<RamRange> Ram(ulong bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, LargestMemory);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes % PageBytes, 0UL, nameof(bytes));
        var ranges = new List<RamRange> { new(0, Math.Min(bytes, ConventionalMemoryEnd)) };
        if (bytes > ExtendedMemory)
        {
            ranges.Add(new RamRange(ExtendedMemory, Math.Min(bytes, LowMemoryEnd) - ExtendedMemory));
        }

        if (bytes > LowMemoryEnd)
        {
            ranges.Add(new RamRange(HighMemory, bytes - LowMemoryEnd));
        }

        return ranges;
    }
}
