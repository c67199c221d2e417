namespace KvmSharp.Machines;

/// <summary>Encodes the resource descriptors that _CRS and _PRS give: which ports, memory and interrupts a device takes.</summary>
/// <remarks>Source: ACPI 6.4, "Resource Data Types for ACPI".</remarks>
internal static class AmlResources
{
    /// <summary>Where an extended interrupt descriptor has its first interrupt.</summary>
    public const int InterruptOffset = 5;

    private const byte IoPort = 0x47;
    private const byte IrqNoFlags = 0x22;
    private const byte Dma = 0x2A;
    private const byte EndTag = 0x79;
    private const byte WordAddressSpace = 0x88;
    private const byte DWordAddressSpace = 0x87;
    private const byte ExtendedInterrupt = 0x89;
    private const byte MemorySpace = 0;
    private const byte PortSpace = 1;
    private const byte BusNumbers = 2;
    private const byte FixedRange = 0x0C;        // both ends are fixed, and the bridge decodes positively
    private const byte AllPorts = 0x03;          // ISA ports and others
    private const byte WritableMemory = 0x01;
    private const byte SharedLevelHigh = 0x09;   // consumer, level, active high, shared

    /// <summary>Makes a buffer of descriptors. Its checksum is 0, which stands for a right one.</summary>
    public static byte[] Template(params byte[][] descriptors) => Aml.Buffer([.. descriptors.SelectMany(d => d), EndTag, 0]);

    public static byte[] Ports(ushort first, byte count) =>
        [IoPort, 1, .. Bytes(first, 2), .. Bytes(first, 2), 1, count];

    /// <summary>An ISA interrupt: edge, active high, not shared.</summary>
    public static byte[] Irq(int line) => [IrqNoFlags, .. Bytes(1u << line, 2)];

    /// <summary>An 8-bit ISA DMA channel.</summary>
    public static byte[] DmaChannel(int channel) => [Dma, (byte)(1 << channel), 0];

    /// <summary>Interrupts by their global numbers: level, active high, shared.</summary>
    public static byte[] Interrupts(params int[] numbers) =>
        [ExtendedInterrupt, .. Bytes((uint)(2 + (4 * numbers.Length)), 2), SharedLevelHigh, (byte)numbers.Length, .. numbers.SelectMany(n => Bytes((uint)n, 4))];

    public static byte[] BusRange(ushort first, ushort last) => AddressSpace(WordAddressSpace, BusNumbers, 0, first, last, 2);

    public static byte[] PortRange(ushort first, ushort last) => AddressSpace(WordAddressSpace, PortSpace, AllPorts, first, last, 2);

    public static byte[] MemoryRange(uint first, uint last) => AddressSpace(DWordAddressSpace, MemorySpace, WritableMemory, first, last, 4);

    // Granularity, first, last, translation, length
    private static byte[] AddressSpace(byte tag, byte type, byte typeFlags, uint first, uint last, int width) =>
    [
        tag, .. Bytes((uint)(3 + (5 * width)), 2), type, FixedRange, typeFlags,
        .. Bytes(0, width), .. Bytes(first, width), .. Bytes(last, width), .. Bytes(0, width), .. Bytes(last - first + 1, width),
    ];

    private static byte[] Bytes(uint value, int width) => [.. Enumerable.Range(0, width).Select(i => (byte)(value >> (8 * i)))];
}
