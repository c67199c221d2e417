using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmSharp.Devices;

/// <summary>QEMU's firmware configuration device (fw_cfg): how the machine hands its firmware tables, option ROMs and sizes.</summary>
/// <remarks>
/// Offset 0 takes a word, the key of an item; each byte read at offset 1 is the item's next one, 0 behind its end. Offsets 4 and 8 take the high and
/// the low half of the address of a transfer descriptor in guest memory, in big-endian order; the low half starts the transfer, which is over when
/// the write is. Nothing can be written to an item. A transfer may pass an item's end by 64 KiB, which are zeros; more is an error.
/// Source: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device".
/// </remarks>
public sealed class FirmwareConfiguration : IPortDevice, IStateful<FirmwareConfigurationState>
{
    /// <summary>The ports that the device decodes.</summary>
    public const int Ports = 12;

    private const int SelectorOffset = 0;
    private const int DataOffset = 1;
    private const int DmaOffset = 4;
    private const int DmaLowOffset = 8;
    private const int SelectorBits = 0xBFFF; // bit 14 asked for writing once

    private const uint InterfaceVersions = 3; // bit 0: the two ports, bit 1: transfers
    private const ulong DmaSignature = 0x5145_4D55_2043_4647; // "QEMU CFG"
    private const int DirectoryEntryBytes = 64;
    private const int DirectoryNameBytes = 56;

    private const int DescriptorBytes = 16; // control, length, address
    private const int MostPadding = 64 * 1024;

    private static readonly byte[] Zeros = new byte[4096];

    private readonly IGuestMemory _memory;
    private readonly Dictionary<ushort, ReadOnlyMemory<byte>> _items = [];
    private FirmwareConfigurationState _s;

    /// <summary>Makes the device with all it will ever hold.</summary>
    /// <param name="memory">Guest memory, for transfers.</param>
    /// <param name="items">Items by key; signature, versions and the directory are the device's own.</param>
    /// <param name="files">Files by name, ASCII of at most 55 characters: they get keys in the order of their names.</param>
    public FirmwareConfiguration(
        IGuestMemory memory, IReadOnlyDictionary<ushort, ReadOnlyMemory<byte>> items, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(files);
        _memory = memory;
        foreach ((ushort key, ReadOnlyMemory<byte> bytes) in items)
        {
            _items[key] = bytes;
        }

        var versions = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(versions, InterfaceVersions);
        _items[FirmwareKey.Signature] = "QEMU"u8.ToArray();
        _items[FirmwareKey.Versions] = versions;
        _items[FirmwareKey.Directory] = AddFiles(files);
    }

    /// <inheritdoc/>
    public FirmwareConfigurationState Save() => _s;

    /// <inheritdoc/>
    public void Load(in FirmwareConfigurationState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = default;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width)
    {
        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (uint)ReadByte(offset + lane) << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        if (offset == SelectorOffset && width == sizeof(ushort))
        {
            Select((ushort)value);
        }
        else if (offset == DmaOffset && width == sizeof(uint))
        {
            _s.DescriptorHigh = BinaryPrimitives.ReverseEndianness(value);
        }
        else if (offset == DmaLowOffset && width == sizeof(uint))
        {
            ulong descriptor = ((ulong)_s.DescriptorHigh << 32) | BinaryPrimitives.ReverseEndianness(value);
            _s.DescriptorHigh = 0;
            Transfer(descriptor);
        }
    }

    private byte[] AddFiles(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        // Big-endian, unlike all else: a count, then for each file size, key, two reserved bytes and the name.
        var directory = new byte[sizeof(uint) + (files.Count * DirectoryEntryBytes)];
        BinaryPrimitives.WriteUInt32BigEndian(directory, (uint)files.Count);
        Span<byte> entry = directory.AsSpan(sizeof(uint));
        ushort key = FirmwareKey.FirstFile;
        foreach ((string name, ReadOnlyMemory<byte> bytes) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(name.Length, DirectoryNameBytes, nameof(files));
            BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[4..], key);
            Encoding.ASCII.GetBytes(name, entry[8..]);
            _items[key++] = bytes;
            entry = entry[DirectoryEntryBytes..];
        }

        return directory;
    }

    private void Select(ushort key)
    {
        _s.Key = (ushort)(key & SelectorBits);
        _s.Position = 0;
    }

    private byte ReadByte(int offset)
    {
        if (offset == DataOffset)
        {
            ReadOnlySpan<byte> rest = Rest();
            _s.Position += rest.IsEmpty ? 0u : 1u;
            return rest.IsEmpty ? (byte)0 : rest[0];
        }

        return offset is >= DmaOffset and < Ports ? (byte)(DmaSignature >> (8 * (Ports - 1 - offset))) : (byte)0;
    }

    // What is left of the selected item; nothing of one that does not exist.
    private ReadOnlySpan<byte> Rest()
    {
        ReadOnlySpan<byte> item = _items.GetValueOrDefault(_s.Key).Span;
        return item[(int)Math.Min(_s.Position, (uint)item.Length)..];
    }

    private void Transfer(ulong descriptor)
    {
        Span<byte> bytes = stackalloc byte[DescriptorBytes];
        if (!_memory.TryRead(descriptor, bytes))
        {
            return; // there is no place to report it to
        }

        var command = (FirmwareTransfer)BinaryPrimitives.ReadUInt32BigEndian(bytes);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        ulong address = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        if (command.HasFlag(FirmwareTransfer.Select))
        {
            Select((ushort)((uint)command >> 16));
        }

        bool done = command.HasFlag(FirmwareTransfer.Read) ? TryRead(address, length)
            : command.HasFlag(FirmwareTransfer.Write) ? length == 0
            : !command.HasFlag(FirmwareTransfer.Skip) || TrySkip(length);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(done ? FirmwareTransfer.None : FirmwareTransfer.Error));
        _memory.TryWrite(descriptor, bytes[..sizeof(uint)]);
    }

    private bool TryRead(ulong address, uint length)
    {
        ReadOnlySpan<byte> rest = Rest();
        ReadOnlySpan<byte> part = rest[..(int)Math.Min(length, (uint)rest.Length)];
        uint padding = length - (uint)part.Length;
        if (padding > MostPadding || !_memory.TryWrite(address, part))
        {
            return false;
        }

        address += (uint)part.Length;
        _s.Position += (uint)part.Length;
        while (padding > 0)
        {
            ReadOnlySpan<byte> zeros = Zeros.AsSpan(0, (int)Math.Min(padding, (uint)Zeros.Length));
            if (!_memory.TryWrite(address, zeros))
            {
                return false;
            }

            address += (uint)zeros.Length;
            padding -= (uint)zeros.Length;
        }

        return true;
    }

    private bool TrySkip(uint length)
    {
        _s.Position += Math.Min(length, (uint)Rest().Length);
        return true;
    }
}

/// <summary>All that a firmware configuration device remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct FirmwareConfigurationState
{
    /// <summary>Gets or sets the high half of the next descriptor's address.</summary>
    public uint DescriptorHigh { get; set; }

    /// <summary>Gets or sets how many bytes of the item have been read.</summary>
    public uint Position { get; set; }

    /// <summary>Gets or sets the selected item's key.</summary>
    public ushort Key { get; set; }
}

/// <summary>The control word of a transfer descriptor; the key to select is in its high half.</summary>
[Flags]
internal enum FirmwareTransfer : uint
{
    None = 0,
    Error = 1 << 0,
    Read = 1 << 1,
    Skip = 1 << 2,
    Select = 1 << 3,
    Write = 1 << 4,
}
