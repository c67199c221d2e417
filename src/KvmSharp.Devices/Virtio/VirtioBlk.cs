using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Devices;

/// <summary>A virtio block device (type 2) on an <see cref="IDisk"/>: one queue, each request done within its notification.</summary>
/// <remarks>
/// A request is one chain: a header of 16 bytes (type, reserved, sector), the data, and a status byte as the last one that the device may write. How
/// these are cut into descriptors does not matter. A request larger than any that respects size_max and seg_max fails, which keeps the work
/// of one request bounded. When the driver does not accept flushes, each write is flushed.
/// Not modelled: several queues, geometry, topology, discard and write zeroes, switching the cache.
/// Source: Virtual I/O Device 1.1, "Block Device".
/// </remarks>
public sealed class VirtioBlk : VirtioDevice
{
    /// <summary>Sizes of segments are limited. VIRTIO_BLK_F_SIZE_MAX.</summary>
    public const ulong SizeMaxFeature = 1UL << 1;

    /// <summary>The number of segments is limited. VIRTIO_BLK_F_SEG_MAX.</summary>
    public const ulong SegMaxFeature = 1UL << 2;

    /// <summary>The disk is read-only. VIRTIO_BLK_F_RO.</summary>
    public const ulong ReadOnlyFeature = 1UL << 5;

    /// <summary>The configuration names the block size. VIRTIO_BLK_F_BLK_SIZE.</summary>
    public const ulong BlockSizeFeature = 1UL << 6;

    /// <summary>There is a cache that can be flushed. VIRTIO_BLK_F_FLUSH.</summary>
    public const ulong FlushFeature = 1UL << 9;

    /// <summary>The longest serial number in bytes.</summary>
    public const int SerialBytes = 20;

    private const ushort QueueDescriptors = 256;
    private const int SegMax = QueueDescriptors - 2; // header and status
    private const int SizeMax = 128 << 10;
    private const long LongestRequest = (long)SegMax * SizeMax;
    private const int ChunkBytes = 256 << 10; // stays in the host's cache between disk and guest

    private const int CapacityOffset = 0;
    private const int SizeMaxOffset = 8;
    private const int SegMaxOffset = 12;
    private const int BlockSizeOffset = 20;

    private const int HeaderBytes = 16;
    private const int HeaderSector = 8;
    private const uint TypeIn = 0;
    private const uint TypeOut = 1;
    private const uint TypeFlush = 4;
    private const uint TypeGetId = 8;
    private const byte StatusOk = 0;
    private const byte StatusIoError = 1;
    private const byte StatusUnsupported = 2;

    private readonly IDisk _disk;
    private readonly byte[] _serial = new byte[SerialBytes];
    private byte[]? _chunk;

    /// <summary>Makes a device.</summary>
    /// <param name="disk">What it stores on.</param>
    /// <param name="serial">Its serial number, by which a system names it: ASCII, at most <see cref="SerialBytes"/> characters.</param>
    public VirtioBlk(IDisk disk, string serial)
        : base(type: 2, classCode: 0x01_00_00, queueCount: 1)
    {
        ArgumentNullException.ThrowIfNull(serial);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(serial.Length, SerialBytes, nameof(serial));
        _disk = disk;
        Encoding.ASCII.GetBytes(serial, _serial);
    }

    /// <inheritdoc/>
    public override ulong Features =>
        SizeMaxFeature | SegMaxFeature | BlockSizeFeature | FlushFeature | (_disk.IsReadOnly ? ReadOnlyFeature : 0);

    /// <inheritdoc/>
    public override ushort LargestQueue => QueueDescriptors;

    /// <inheritdoc/>
    public override void FillConfiguration(Span<byte> configuration)
    {
        BinaryPrimitives.WriteInt64LittleEndian(configuration[CapacityOffset..], _disk.SectorCount);
        BinaryPrimitives.WriteInt32LittleEndian(configuration[SizeMaxOffset..], SizeMax);
        BinaryPrimitives.WriteInt32LittleEndian(configuration[SegMaxOffset..], SegMax);
        BinaryPrimitives.WriteInt32LittleEndian(configuration[BlockSizeOffset..], IDisk.SectorBytes);
    }

    /// <inheritdoc/>
    public override VirtioOutcome Serve(int queue, VirtqueueChain chain, out uint written)
    {
        ArgumentNullException.ThrowIfNull(chain);
        written = 0;
        Span<byte> header = stackalloc byte[HeaderBytes];
        long room = chain.Writable.Length - 1;
        if (room < 0 || !chain.Readable.TryRead(0, header))
        {
            return VirtioOutcome.Nonsense;
        }

        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[HeaderSector..]);
        long done = 0;
        byte? status = BinaryPrimitives.ReadUInt32LittleEndian(header) switch
        {
            TypeIn => Read(sector, chain.Writable, room, out done),
            TypeOut => Write(sector, chain.Readable),
            TypeFlush => StatusOf(_disk.Flush()),
            TypeGetId => GetId(chain.Writable, room, out done),
            _ => StatusUnsupported,
        };
        if (status is not { } answer || !chain.Writable.TryWrite(room, [answer]))
        {
            return VirtioOutcome.Nonsense;
        }

        written = (uint)(done == room ? done + 1 : done); // the status counts when all before it was written
        return VirtioOutcome.Done;
    }

    private static byte StatusOf(DiskResult result) => result == DiskResult.Done ? StatusOk : StatusIoError;

    // Null when the data leaves guest memory, here and below.
    private byte? Read(ulong sector, GuestBuffers destination, long length, out long done)
    {
        done = 0;
        if (!IsInside(sector, length))
        {
            return StatusIoError;
        }

        while (done < length)
        {
            Span<byte> chunk = (_chunk ??= new byte[ChunkBytes]).AsSpan(0, (int)Math.Min(ChunkBytes, length - done));
            if (_disk.Read((long)sector + (done / IDisk.SectorBytes), chunk) != DiskResult.Done)
            {
                return StatusIoError;
            }

            if (!destination.TryWrite(done, chunk))
            {
                return null;
            }

            done += chunk.Length;
        }

        return StatusOk;
    }

    private byte? Write(ulong sector, GuestBuffers source)
    {
        long length = source.Length - HeaderBytes;
        if (_disk.IsReadOnly || !IsInside(sector, length))
        {
            return StatusIoError;
        }

        for (long done = 0; done < length;)
        {
            Span<byte> chunk = (_chunk ??= new byte[ChunkBytes]).AsSpan(0, (int)Math.Min(ChunkBytes, length - done));
            if (!source.TryRead(HeaderBytes + done, chunk))
            {
                return null;
            }

            if (_disk.Write((long)sector + (done / IDisk.SectorBytes), chunk) != DiskResult.Done)
            {
                return StatusIoError;
            }

            done += chunk.Length;
        }

        return (AcceptedFeatures & FlushFeature) != 0 ? StatusOk : StatusOf(_disk.Flush());
    }

    private byte? GetId(GuestBuffers destination, long room, out long done)
    {
        done = Math.Min(room, SerialBytes);
        return destination.TryWrite(0, _serial.AsSpan(0, (int)done)) ? StatusOk : null;
    }

    private bool IsInside(ulong sector, long length) =>
        length % IDisk.SectorBytes == 0
        && length <= LongestRequest
        && sector <= (ulong)_disk.SectorCount
        && (ulong)(length / IDisk.SectorBytes) <= (ulong)_disk.SectorCount - sector;
}
