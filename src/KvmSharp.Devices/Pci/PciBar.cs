namespace KvmSharp.Devices;

/// <summary>One base address register of a PCI function: a window that the guest moves, and the device behind it.</summary>
public sealed class PciBar
{
    /// <summary>The <see cref="Index"/> of a window that a register of the chip's own moves.</summary>
    public const int NoRegister = -1;

    internal PciBar(int index, PciSpace space, ulong size, IPortDevice? ports, IMmioDevice? memory)
    {
        Index = index;
        Space = space;
        Size = size;
        Ports = ports;
        Memory = memory;
    }

    /// <summary>Gets the register's number, 0 to 5; it lies at 10h + 4 * number. Or <see cref="NoRegister"/>.</summary>
    public int Index { get; }

    /// <summary>Gets the address space of the window.</summary>
    public PciSpace Space { get; }

    /// <summary>Gets the length of the window in bytes, a power of two.</summary>
    public ulong Size { get; }

    /// <summary>Gets the device of a window in port space, which takes accesses of 1, 2 and 4 bytes.</summary>
    public IPortDevice? Ports { get; }

    /// <summary>Gets the device of a window in memory space; <see langword="null"/> also for a window that the board backs itself.</summary>
    public IMmioDevice? Memory { get; }

    /// <summary>Gets the first port or address; it means anything only while <see cref="IsDecoded"/>.</summary>
    public ulong Address { get; internal set; }

    /// <summary>Gets a value indicating whether the function answers in this window: the command register's bit is set.</summary>
    public bool IsDecoded { get; internal set; }
}

/// <summary>The address spaces that a <see cref="PciBar"/> can lie in.</summary>
public enum PciSpace
{
    /// <summary>I/O ports.</summary>
    Port,

    /// <summary>Memory below 4 GiB.</summary>
    Memory32,

    /// <summary>Memory anywhere; the register takes two places.</summary>
    Memory64,
}
