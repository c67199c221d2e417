using System.Text;

namespace KvmSharp.Machines;

/// <summary>Encodes the ACPI machine language, as much of it as our DSDT needs: each function gives the bytes of one term.</summary>
/// <remarks>Source: ACPI 6.4, "ACPI Machine Language (AML) Specification".</remarks>
internal static class Aml
{
    /// <summary>The method's first argument.</summary>
    public static readonly byte[] Arg0 = [0x68];

    private const byte ZeroOp = 0x00;
    private const byte OneOp = 0x01;
    private const byte NameOp = 0x08;
    private const byte BytePrefix = 0x0A;
    private const byte WordPrefix = 0x0B;
    private const byte DWordPrefix = 0x0C;
    private const byte ScopeOp = 0x10;
    private const byte BufferOp = 0x11;
    private const byte PackageOp = 0x12;
    private const byte MethodOp = 0x14;
    private const byte ExtendedPrefix = 0x5B;
    private const byte OperationRegionOp = 0x80; // this and the next three behind the prefix
    private const byte FieldOp = 0x81;
    private const byte DeviceOp = 0x82;
    private const byte ProcessorOp = 0x83;
    private const byte StoreOp = 0x70;
    private const byte AndOp = 0x7B;
    private const byte OrOp = 0x7D;
    private const byte CreateDWordFieldOp = 0x8A;
    private const byte IfOp = 0xA0;
    private const byte ReturnOp = 0xA4;
    private const byte NoTarget = 0x00;
    private const byte PciConfigurationSpace = 0x02;
    private const byte ByteAccess = 0x01; // with Lock and UpdateRule 0: no lock, preserve
    private const int SegmentLetters = 4;

    /// <summary>Encodes a name of one segment; a leading backslash is the root. Short segments are filled with underscores.</summary>
    public static byte[] Path(string name)
    {
        bool fromRoot = name.StartsWith('\\');
        string segment = (fromRoot ? name[1..] : name).PadRight(SegmentLetters, '_');
        return [.. fromRoot ? "\\"u8 : [], .. Encoding.ASCII.GetBytes(segment)];
    }

    public static byte[] Integer(uint value) => value switch
    {
        0 => [ZeroOp],
        1 => [OneOp],
        <= byte.MaxValue => [BytePrefix, (byte)value],
        <= ushort.MaxValue => [WordPrefix, (byte)value, (byte)(value >> 8)],
        _ => [DWordPrefix, (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)],
    };

    /// <summary>Encodes a Plug and Play identification such as PNP0A03: three letters of five bits, four hexadecimal digits, the highest byte first.</summary>
    public static byte[] EisaId(string id)
    {
        int letters = ((id[0] - '@') << 10) | ((id[1] - '@') << 5) | (id[2] - '@');
        byte[] digits = Convert.FromHexString(id[3..]);
        return [DWordPrefix, (byte)(letters >> 8), (byte)letters, .. digits];
    }

    public static byte[] Name(string name, byte[] value) => [NameOp, .. Path(name), .. value];

    public static byte[] Scope(string name, params byte[][] terms) => [ScopeOp, .. Sized([.. Path(name), .. Join(terms)])];

    public static byte[] Device(string name, params byte[][] terms) => [ExtendedPrefix, DeviceOp, .. Sized([.. Path(name), .. Join(terms)])];

    /// <summary>Encodes a processor without a register block.</summary>
    public static byte[] Processor(string name, byte number) => [ExtendedPrefix, ProcessorOp, .. Sized([.. Path(name), number, 0, 0, 0, 0, 0])];

    /// <summary>Encodes a method that keeps no local names, so that it may run twice at a time.</summary>
    public static byte[] Method(string name, int arguments, params byte[][] terms) => [MethodOp, .. Sized([.. Path(name), (byte)arguments, .. Join(terms)])];

    public static byte[] Package(params byte[][] elements) => [PackageOp, .. Sized([(byte)elements.Length, .. Join(elements)])];

    public static byte[] Buffer(byte[] bytes) => [BufferOp, .. Sized([.. Integer((uint)bytes.Length), .. bytes])];

    public static byte[] Return(byte[] value) => [ReturnOp, .. value];

    public static byte[] If(byte[] condition, params byte[][] terms) => [IfOp, .. Sized([.. condition, .. Join(terms)])];

    public static byte[] Store(byte[] value, byte[] target) => [StoreOp, .. value, .. target];

    public static byte[] And(byte[] a, byte[] b) => [AndOp, .. a, .. b, NoTarget];

    public static byte[] Or(byte[] a, byte[] b, byte[] target) => [OrOp, .. a, .. b, .. target];

    /// <summary>Names four bytes of a buffer.</summary>
    public static byte[] CreateDWordField(byte[] buffer, uint offset, string name) => [CreateDWordFieldOp, .. buffer, .. Integer(offset), .. Path(name)];

    /// <summary>Names consecutive bytes of the device's PCI configuration space.</summary>
    public static byte[] PciConfigurationBytes(string region, uint offset, params string[] names) =>
    [
        ExtendedPrefix, OperationRegionOp, .. Path(region), PciConfigurationSpace, .. Integer(offset), .. Integer((uint)names.Length),
        ExtendedPrefix, FieldOp, .. Sized([.. Path(region), ByteAccess, .. names.SelectMany(name => (byte[])[.. Path(name), 8])]),
    ];

    // PkgLength: it counts itself. One byte up to 63; else the first byte has four bits of it and the number of further bytes.
    private static byte[] Sized(byte[] content)
    {
        if (content.Length + 1 < 1 << 6)
        {
            return [(byte)(content.Length + 1), .. content];
        }

        int further = content.Length + 2 < 1 << 12 ? 1 : content.Length + 3 < 1 << 20 ? 2 : 3;
        int length = content.Length + 1 + further;
        byte[] prefix = [(byte)((further << 6) | (length & 0xF)), .. Enumerable.Range(0, further).Select(i => (byte)(length >> (4 + (8 * i))))];
        return [.. prefix, .. content];
    }

    private static byte[] Join(byte[][] terms) => [.. terms.SelectMany(term => term)];
}
