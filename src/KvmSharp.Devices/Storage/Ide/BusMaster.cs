using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The bus-master half of an IDE channel: it walks a table of memory regions and moves a drive's data to or from them.</summary>
/// <remarks>
/// <code>
/// descriptor (PRD):  31      1 0    31 30    16 15        1 0
///                   [ address  0]  [EOT|  -    | byte count 0]     count 0 means 64 KiB
/// </code>
/// A table that ends before the drive has all its data, or that points outside memory, leaves the drive waiting and clears Active; in the second
/// case Error is set. Neither interrupts: the driver's timeout finds them, as it would on the chip. A table is at most 64 KiB, so a walk ends.
/// The drive's command decides the direction; the direction bit only reads back.
/// Source: Programming Interface for Bus Master IDE Controller 1.0 (SFF-8038i), "Operation" and "Register descriptions".
/// </remarks>
internal sealed class BusMaster(PciFunction function, IGuestMemory memory, Lazy<byte[]> chunk)
{
    /// <summary>Ports of one channel.</summary>
    public const int Ports = 8;

    private const int CommandPort = 0;
    private const int StatusPort = 2;
    private const int TablePort = 4;

    private const byte Start = 0x01; // command
    private const byte ToMemory = 0x08;
    private const byte Active = 0x01; // status
    private const byte Error = 0x02;
    private const byte Interrupt = 0x04;
    private const byte DrivesCapable = 0x60; // what firmware tells drivers; nothing else reads it

    private const int DescriptorBytes = 8;
    private const int MostDescriptors = 0x1_0000 / DescriptorBytes;
    private const uint EndOfTable = 0x8000_0000;

    private BusMasterState _s;

    /// <summary>All that it remembers.</summary>
    public ref BusMasterState State => ref _s;

    private bool IsActive => (_s.Status & Active) != 0;

    public byte Read(int port) => port switch
    {
        CommandPort => _s.Command,
        StatusPort => _s.Status,
        >= TablePort => (byte)(_s.Table >> (8 * (port - TablePort))),
        _ => 0,
    };

    public void Write(int port, byte value)
    {
        switch (port)
        {
            case CommandPort:
                WriteCommand(value);
                break;
            case StatusPort:
                _s.Status = (byte)((_s.Status & ~value & (Error | Interrupt)) | (value & DrivesCapable) | (_s.Status & Active));
                break;
            case >= TablePort:
                int shift = 8 * (port - TablePort);
                _s.Table = ((_s.Table & ~(0xFFu << shift)) | ((uint)value << shift)) & ~3u;
                break;
            default:
                break;
        }
    }

    /// <summary>The drive's interrupt line has risen.</summary>
    public void NoteInterrupt() => _s.Status |= Interrupt;

    /// <summary>Moves data until the command or the table ends.</summary>
    public void Run(IdeDrive drive)
    {
        while (IsActive && function.IsBusMaster && drive.Phase is IdePhase.DmaIn or IdePhase.DmaOut)
        {
            if (drive.Phase == IdePhase.DmaIn)
            {
                int bytes = drive.PeekDma(chunk.Value);
                if (bytes == 0)
                {
                    return; // the command has ended with an error
                }

                drive.ConsumeDma(Move(bytes, toMemory: true));
            }
            else
            {
                int moved = Move(drive.DmaBytes(chunk.Value.Length), toMemory: false);
                drive.WriteDma(chunk.Value.AsSpan(0, drive.DmaBytes(moved)));
            }
        }
    }

    private void WriteCommand(byte value)
    {
        bool starts = (value & ~_s.Command & Start) != 0;
        _s.Command = (byte)(value & (Start | ToMemory));
        if (starts)
        {
            _s.NextDescriptor = _s.Table;
            _s.Descriptors = 0;
            _s.RegionLeft = 0;
            _s.IsLastRegion = false;
            _s.Status |= Active;
        }
        else if ((value & Start) == 0)
        {
            _s.Status &= unchecked((byte)~Active);
        }
    }

    /// <summary>Moves a chunk between the buffer and the regions of the table.</summary>
    /// <returns>How many bytes went; fewer than asked for when Active is clear now.</returns>
    private int Move(int bytes, bool toMemory)
    {
        int moved = 0;
        while (moved < bytes && IsActive && (_s.RegionLeft > 0 || TryNextRegion()))
        {
            Span<byte> piece = chunk.Value.AsSpan(moved, Math.Min(bytes - moved, _s.RegionLeft));
            if (!(toMemory ? memory.TryWrite(_s.RegionAddress, piece) : memory.TryRead(_s.RegionAddress, piece)))
            {
                Stop(Error);
                break;
            }

            moved += piece.Length;
            _s.RegionAddress += (uint)piece.Length;
            _s.RegionLeft -= piece.Length;
            if (_s.RegionLeft == 0 && _s.IsLastRegion)
            {
                Stop();
            }
        }

        return moved;
    }

    private bool TryNextRegion()
    {
        Span<byte> descriptor = stackalloc byte[DescriptorBytes];
        if (_s.Descriptors >= MostDescriptors || !memory.TryRead(_s.NextDescriptor, descriptor))
        {
            Stop(Error);
            return false;
        }

        const uint Even = ~1u;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[4..]);
        int bytes = (ushort)(length & Even);
        _s.RegionAddress = BinaryPrimitives.ReadUInt32LittleEndian(descriptor) & Even;
        _s.RegionLeft = bytes == 0 ? 0x1_0000 : bytes;
        _s.IsLastRegion = (length & EndOfTable) != 0;
        _s.NextDescriptor += DescriptorBytes;
        _s.Descriptors++;
        return true;
    }

    private void Stop(byte error = 0) => _s.Status = (byte)((_s.Status & ~Active) | error);
}
