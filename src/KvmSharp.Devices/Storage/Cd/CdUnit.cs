using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>A CD-ROM drive apart from its cable: the medium, and what each packet command does.</summary>
/// <remarks>
/// The medium is one data track in mode 1. A disk that is no multiple of 2,048 bytes ends with zeros.
/// Not modelled: audio, raw sectors, sessions beyond the first, MODE SELECT.
/// Source: MMC-3 (T10 1363D) and SPC-3 (T10 1416D).
/// </remarks>
internal sealed class CdUnit
{
    /// <summary>Bytes in a block.</summary>
    public const int BlockBytes = 2048;

    /// <summary>Bytes in a packet.</summary>
    public const int PacketBytes = 12;

    private const int SectorsPerBlock = BlockBytes / IDisk.SectorBytes;

    private CdDriveState _s;

    /// <summary>What lies in the drive; the state holds only whether the tray is open.</summary>
    public IDisk? Medium { get; private set; }

    public ref CdDriveState State => ref _s;

    public bool IsReady => Medium is not null && !_s.IsTrayOpen;

    public long BlockCount => Medium is null ? 0 : (Medium.SectorCount + SectorsPerBlock - 1) / SectorsPerBlock;

    /// <summary>Puts another medium in, or takes it out: from outside, so the lock does not help against it.</summary>
    public void Change(IDisk? medium)
    {
        Medium = medium;
        _s.IsTrayOpen = false;
        _s.UnitAttention = medium is not null;
        _s.Event = medium is null ? CdMediaEvent.MediaRemoval : CdMediaEvent.NewMedia;
    }

    /// <summary>Carries a packet command out.</summary>
    /// <param name="packet">Its 12 bytes.</param>
    /// <param name="response">Receives the answer of commands that have one.</param>
    public CdOutcome Execute(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        var operation = (CdOperation)packet[0];
        if (_s.UnitAttention && !IsToldBeforeAttention(operation))
        {
            _s.UnitAttention = false;
            return Fail(CdSense.MediumMayHaveChanged);
        }

        if (NeedsMedium(operation) && !IsReady)
        {
            return Fail(_s.IsTrayOpen ? CdSense.TrayOpen : CdSense.NoMedium);
        }

        if (operation == CdOperation.RequestSense)
        {
            return RequestSense(packet, response);
        }

        _s.Sense = CdSense.None;
        return operation switch
        {
            CdOperation.TestUnitReady => CdOutcome.Done,
            CdOperation.SetSpeed => CdOutcome.Done,
            CdOperation.Inquiry => Inquiry(packet, response),
            CdOperation.ModeSense6 => Answer(CdModePages.Sense6(packet, response, _s, IsReady, out CdSense sense), packet[4], sense),
            CdOperation.ModeSense10 => Answer(CdModePages.Sense10(packet, response, _s, IsReady, out CdSense sense), AllocationLength(packet), sense),
            CdOperation.StartStopUnit => StartStop(packet[4]),
            CdOperation.PreventAllowRemoval => Lock(packet[4]),
            CdOperation.ReadCapacity => ReadCapacity(response),
            CdOperation.Read10 => Read(Address(packet), BinaryPrimitives.ReadUInt16BigEndian(packet[7..])),
            CdOperation.Read12 => Read(Address(packet), BinaryPrimitives.ReadUInt32BigEndian(packet[6..])),
            CdOperation.Seek => Seek(Address(packet)),
            CdOperation.ReadToc => Answer(CdTableOfContents.Write(packet, response, BlockCount), AllocationLength(packet), CdSense.InvalidField),
            CdOperation.GetConfiguration =>
                Answer(CdFeatures.Write(packet, response, IsReady ? BlockCount : 0), AllocationLength(packet), CdSense.InvalidField),
            CdOperation.GetEventStatus => EventStatus(packet, response),
            CdOperation.ReadDiscInformation => DiscInformation(packet, response),
            CdOperation.MechanismStatus => MechanismStatus(packet, response),
            _ => Fail(CdSense.InvalidOperation),
        };
    }

    /// <summary>Reads blocks of the medium.</summary>
    /// <param name="block">The first.</param>
    /// <param name="destination">Receives them; a multiple of <see cref="BlockBytes"/>.</param>
    /// <returns><see langword="false"/> when the host could not read them, or they are gone.</returns>
    public bool TryRead(long block, Span<byte> destination)
    {
        if (!IsReady)
        {
            return false;
        }

        long first = block * SectorsPerBlock;
        long readable = Math.Clamp(Medium!.SectorCount - first, 0, destination.Length / IDisk.SectorBytes);
        Span<byte> tail = destination[(int)(readable * IDisk.SectorBytes)..];
        tail.Clear();
        return tail.Length < BlockBytes && Medium.Read(first, destination[..^tail.Length]) == DiskResult.Done;
    }

    /// <summary>Ends a command with sense data.</summary>
    public CdOutcome Fail(CdSense sense)
    {
        _s.Sense = sense;
        return CdOutcome.Failed;
    }

    // A host that asks these wants to know about the drive rather than the medium.
    private static bool IsToldBeforeAttention(CdOperation operation) => operation is CdOperation.Inquiry or CdOperation.RequestSense
        or CdOperation.GetConfiguration or CdOperation.GetEventStatus;

    private static bool NeedsMedium(CdOperation operation) => operation is CdOperation.TestUnitReady or CdOperation.ReadCapacity
        or CdOperation.Read10 or CdOperation.Read12 or CdOperation.Seek or CdOperation.ReadToc or CdOperation.ReadDiscInformation;

    private static uint Address(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[2..]);

    /// <summary>The most bytes that the host takes; in the place where most ten-byte packets have it.</summary>
    private static int AllocationLength(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[7..]);

    /// <summary>An answer of a length, cut to what the host takes. No length means that the packet asked for something unknown.</summary>
    private CdOutcome Answer(int length, int allocation, CdSense otherwise) =>
        length == 0 ? Fail(otherwise) : Answer(length, allocation);

    private static CdOutcome Answer(int length, int allocation) => new(IsDone: true, Math.Min(length, allocation));

    private CdOutcome RequestSense(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        const int Length = 18;
        if (_s.UnitAttention && _s.Sense == CdSense.None)
        {
            _s.Sense = CdSense.MediumMayHaveChanged;
            _s.UnitAttention = false;
        }

        response[..Length].Clear();
        response[0] = 0x70; // current error, fixed format
        response[2] = (byte)_s.Sense.Key;
        response[7] = Length - 8; // what follows
        response[12] = _s.Sense.Code;
        response[13] = _s.Sense.Qualifier;
        _s.Sense = CdSense.None;
        return Answer(Length, packet[4]);
    }

    private CdOutcome Inquiry(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        const int Length = 36;
        const byte VitalProductData = 0x01; // EVPD
        const byte CdRom = 0x05;
        const byte Removable = 0x80;
        if ((packet[1] & VitalProductData) != 0 || packet[2] != 0)
        {
            return Fail(CdSense.InvalidField);
        }

        response[..Length].Clear();
        response[0] = CdRom;
        response[1] = Removable;
        response[3] = 0x21; // ATAPI version 2, response format 1: SFF-8020i's values
        response[4] = Length - 5;
        "KvmSharpCD-ROM          0.1 "u8.CopyTo(response[8..]); // vendor 8, product 16, revision 4
        return Answer(Length, packet[4]);
    }

    private CdOutcome StartStop(byte action)
    {
        const byte LoadEject = 0x02;
        const byte Start = 0x01;
        bool opens = (action & (LoadEject | Start)) == LoadEject;
        if (opens && _s.IsLocked)
        {
            return Fail(CdSense.RemovalPrevented);
        }

        if (opens && !_s.IsTrayOpen)
        {
            _s.IsTrayOpen = true;
            _s.Event = CdMediaEvent.MediaRemoval;
        }
        else if ((action & LoadEject) != 0 && !opens && _s.IsTrayOpen)
        {
            Change(Medium); // the tray goes in with what lies on it
        }

        return CdOutcome.Done;
    }

    private CdOutcome Lock(byte prevent)
    {
        _s.IsLocked = (prevent & 1) != 0;
        return CdOutcome.Done;
    }

    private CdOutcome ReadCapacity(Span<byte> response)
    {
        const int Length = 8;
        BinaryPrimitives.WriteUInt32BigEndian(response, (uint)Math.Min(BlockCount - 1, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(response[4..], BlockBytes);
        return new CdOutcome(IsDone: true, Length);
    }

    private CdOutcome Read(uint block, uint count)
    {
        if (block + (long)count > BlockCount || count > int.MaxValue / BlockBytes)
        {
            return Fail(CdSense.AddressOutOfRange);
        }

        return new CdOutcome(IsDone: true, Block: block, Blocks: (int)count);
    }

    private CdOutcome Seek(uint block) => block < BlockCount ? CdOutcome.Done : Fail(CdSense.AddressOutOfRange);

    private CdOutcome EventStatus(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        const byte Polled = 0x01;
        const int MediaClass = 4;
        const byte NoEventAvailable = 0x80;
        const int HeaderLength = 4;
        if ((packet[1] & Polled) == 0)
        {
            return Fail(CdSense.InvalidField); // asynchronous notification needs queues
        }

        bool asksMedia = (packet[4] & (1 << MediaClass)) != 0;
        int length = asksMedia ? 2 * HeaderLength : HeaderLength;
        response[..length].Clear();
        response[1] = (byte)(length - 2);
        response[2] = asksMedia ? (byte)MediaClass : NoEventAvailable;
        response[3] = 1 << MediaClass; // the classes there are
        int allocation = AllocationLength(packet);
        if (asksMedia)
        {
            response[4] = (byte)_s.Event;
            response[5] = (byte)((_s.IsTrayOpen ? 1 : 0) | (IsReady ? 2 : 0));
            if (allocation > HeaderLength)
            {
                _s.Event = CdMediaEvent.None; // it has been told
            }
        }

        return Answer(length, allocation);
    }

    private static CdOutcome DiscInformation(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        const int Length = 34;
        response[..Length].Clear();
        response[1] = Length - 2;
        response[2] = 0x0E; // a finished disc whose last session is complete
        response[3] = 1; // the first track
        response[4] = 1; // sessions
        response[5] = 1; // first and
        response[6] = 1; // last track of the last session
        response[7] = 0x20; // for any use
        return Answer(Length, AllocationLength(packet));
    }

    private CdOutcome MechanismStatus(ReadOnlySpan<byte> packet, Span<byte> response)
    {
        const int Length = 8;
        const byte DoorOpen = 0x10;
        response[..Length].Clear();
        response[1] = _s.IsTrayOpen ? DoorOpen : (byte)0;
        return Answer(Length, BinaryPrimitives.ReadUInt16BigEndian(packet[8..]));
    }
}
