using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>A virtio console (type 3) with one port: queue 0 brings bytes to the guest, queue 1 takes them from it.</summary>
/// <remarks>
/// Input stays with the host until the guest has offered room for it. Linux offers room before it has made its terminal, and then turns the queue's
/// interrupts off for good when a byte comes; it also looks at the size of the screen only when it is told that it has changed. No register shows
/// when the terminal is there: so input waits until a second behind DRIVER_OK, and then the driver is told the size once more.
/// Not modelled: further ports with their control queues, the emergency write. Source: Virtual I/O Device 1.1, "Console Device".
/// </remarks>
public sealed class VirtioConsole : VirtioDevice, IStateful<VirtioConsoleState>
{
    /// <summary>The configuration names the size of the screen. VIRTIO_CONSOLE_F_SIZE.</summary>
    public const ulong SizeFeature = 1UL << 0;

    /// <summary>The queue that brings bytes to the guest.</summary>
    public const int ReceiveQueue = 0;

    /// <summary>The queue that takes bytes from the guest.</summary>
    public const int TransmitQueue = 1;

    private const int ColumnsOffset = 0;
    private const int RowsOffset = 2;
    private const long LongestTransmission = 1 << 20; // of one chain; drivers send a page or a few
    private const int ChunkBytes = 4096;
    private const long TimeToBegin = 1_000_000_000; // ns that a driver has from DRIVER_OK on to make its terminal

    private readonly IConsoleLine _line;
    private readonly IVirtualClock _clock;
    private readonly IDeadline _begin;
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private VirtioConsoleState _s = PowerOn;

    /// <summary>Makes a console with a screen of 80 columns and 25 rows.</summary>
    /// <param name="line">The host's end.</param>
    /// <param name="clock">The machine's time.</param>
    public VirtioConsole(IConsoleLine line, IVirtualClock clock)
        : base(type: 3, classCode: 0x07_80_00, queueCount: 2)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _line = line;
        _clock = clock;
        _begin = clock.CreateDeadline(Begin);
    }

    /// <inheritdoc/>
    public override ulong Features => SizeFeature;

    private static VirtioConsoleState PowerOn => new() { Columns = 80, Rows = 25 };

    /// <summary>Tells that the host has input. Call with the device lock held.</summary>
    public void InputReady() => ServeQueue(ReceiveQueue);

    /// <summary>Tells the guest the size of the host's screen. Call with the device lock held.</summary>
    /// <param name="columns">Characters in a line.</param>
    /// <param name="rows">Lines.</param>
    public void Resize(ushort columns, ushort rows)
    {
        if ((columns, rows) != (_s.Columns, _s.Rows))
        {
            (_s.Columns, _s.Rows) = (columns, rows);
            ConfigurationChanged();
        }
    }

    /// <inheritdoc/>
    public VirtioConsoleState Save() => _s;

    /// <inheritdoc/>
    public void Load(in VirtioConsoleState state)
    {
        _s = state;
        if (_s.BeginsAt != 0)
        {
            _begin.Arm(_s.BeginsAt);
        }
        else
        {
            _begin.Disarm();
        }
    }

    /// <inheritdoc/>
    public void Reset() => Load(PowerOn);

    /// <inheritdoc/>
    public override void FillConfiguration(Span<byte> configuration)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[ColumnsOffset..], _s.Columns);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[RowsOffset..], _s.Rows);
    }

    /// <inheritdoc/>
    public override VirtioOutcome Serve(int queue, VirtqueueChain chain, out uint written)
    {
        ArgumentNullException.ThrowIfNull(chain);
        written = 0;
        return queue == ReceiveQueue ? Receive(chain.Writable, out written) : Transmit(chain.Readable);
    }

    /// <inheritdoc/>
    public override void OnDriverReady()
    {
        _s.BeginsAt = _clock.Now + TimeToBegin;
        _begin.Arm(_s.BeginsAt);
    }

    private void Begin()
    {
        _s.BeginsAt = 0;
        ConfigurationChanged();
        ServeQueue(ReceiveQueue);
    }

    private VirtioOutcome Receive(GuestBuffers room, out uint written)
    {
        written = 0;
        if (room.Length == 0)
        {
            return VirtioOutcome.Done;
        }

        if (_s.BeginsAt != 0)
        {
            return VirtioOutcome.Waits;
        }

        Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkBytes, room.Length));
        chunk = chunk[.._line.Receive(chunk)];
        written = (uint)chunk.Length;
        if (chunk.IsEmpty)
        {
            return VirtioOutcome.Waits;
        }

        return room.TryWrite(0, chunk) ? VirtioOutcome.Done : VirtioOutcome.Nonsense;
    }

    private VirtioOutcome Transmit(GuestBuffers bytes)
    {
        if (bytes.Length > LongestTransmission)
        {
            return VirtioOutcome.Nonsense;
        }

        for (long done = 0; done < bytes.Length;)
        {
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkBytes, bytes.Length - done));
            if (!bytes.TryRead(done, chunk))
            {
                return VirtioOutcome.Nonsense;
            }

            _line.Transmit(chunk);
            done += chunk.Length;
        }

        return VirtioOutcome.Done;
    }
}

/// <summary>What a <see cref="VirtioConsole"/> remembers by itself.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VirtioConsoleState
{
    /// <summary>Gets or sets the virtual time from which on a new driver gets input; 0 when it gets it already.</summary>
    public long BeginsAt { get; set; }

    /// <summary>Gets or sets the characters in a line of the host's screen.</summary>
    public ushort Columns { get; set; }

    /// <summary>Gets or sets the lines of that screen.</summary>
    public ushort Rows { get; set; }
}
