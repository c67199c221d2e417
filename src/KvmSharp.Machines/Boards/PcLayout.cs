namespace KvmSharp.Machines;

/// <summary>Every port, address and interrupt line of the PC. No other file holds one.</summary>
/// <remarks>Ports and lines are those of the IBM PC/AT and its ISA successors.</remarks>
public static class PcLayout
{
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

    /// <summary>System control port A: fast A20 and fast reset.</summary>
    public const ushort SystemControlA = 0x92;

    /// <summary>The slave interrupt controller: A0h and A1h.</summary>
    public const ushort SlavePic = 0xA0;

    /// <summary>The debug console of Bochs and QEMU: a byte written appears on the serial output.</summary>
    public const ushort DebugConsole = 0xE9;

    /// <summary>QEMU's debug-exit device, four ports: F4h to F7h.</summary>
    public const ushort DebugExit = 0xF4;

    /// <summary>The first serial port: 3F8h to 3F8h + 7 = 3FFh.</summary>
    public const ushort Com1 = 0x3F8;

    /// <summary>Edge or level triggering of the interrupt lines: 4D0h master, 4D1h slave.</summary>
    public const ushort EdgeLevelControl = 0x4D0;

    /// <summary>The power-off port, a word: the PM1a control register's place in QEMU's PC.</summary>
    public const ushort PowerOff = 0x604;

    /// <summary>The timer's interrupt line.</summary>
    public const int PitIrq = 0;

    /// <summary>The keyboard's interrupt line.</summary>
    public const int KeyboardIrq = 1;

    /// <summary>The master's line that the slave drives.</summary>
    public const int CascadeIrq = 2;

    /// <summary>The first serial port's interrupt line.</summary>
    public const int Com1Irq = 4;

    /// <summary>The clock's interrupt line.</summary>
    public const int CmosIrq = 8;

    /// <summary>The pointing device's interrupt line.</summary>
    public const int MouseIrq = 12;

    /// <summary>The size of a page, the unit of guest memory.</summary>
    public const ulong PageBytes = 4096;

    /// <summary>The address a boot sector is loaded to: 32 KiB - 1 KiB.</summary>
    public const uint BootAddress = 0x8000 - 0x400;

    /// <summary>The BIOS number of the first hard disk, which a boot sector finds in DL.</summary>
    public const byte FirstHardDisk = 0x80;

    /// <summary>The end of conventional memory: 640 KiB.</summary>
    public const ulong ConventionalMemoryEnd = 640 * 1024;

    /// <summary>The start of extended memory, 1 MiB; 640 KiB to 1 MiB hold no RAM.</summary>
    public const ulong ExtendedMemory = 1024 * 1024;

    /// <summary>The end of RAM below 4 GiB: 3.5 GiB. The rest up to 4 GiB is for devices.</summary>
    public const ulong LowMemoryEnd = 0xE000_0000;

    /// <summary>The start of the RAM that does not fit below <see cref="LowMemoryEnd"/>: 4 GiB.</summary>
    public const ulong HighMemory = 1UL << 32;

    /// <summary>The end of what real mode can execute with a 16-byte aligned segment: F000h * 16 + 64 KiB = 1 MiB.</summary>
    public const uint RealModeEnd = (0xF000 * 16) + 0x1_0000;

    /// <summary>The largest amount of RAM: 32 GiB, half of what the processor's 36 address bits reach.</summary>
    public const ulong LargestMemory = 32UL << 30;

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
