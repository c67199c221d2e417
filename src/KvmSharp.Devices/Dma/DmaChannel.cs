namespace KvmSharp.Devices;

/// <summary>A DMA channel as the device at its DREQ pin sees it: somewhere to put bytes, or to get them from.</summary>
/// <remarks>
/// Single, demand and block mode differ in who holds the bus and for how long; since transfers take no time they are the same here, and a
/// channel in cascade mode transfers nothing. Addresses wrap within a page of 64 KiB (128 KiB for words). Where there is no memory, reads give FFh
/// and writes are lost, as on the ISA bus.
/// </remarks>
public sealed class DmaChannel
{
    /// <summary>Bit 4 of the mode register.</summary>
    internal const byte AutoInitialize = 0x10;

    private const byte Decrement = 0x20;
    private const byte TransferType = 0x0C;
    private const byte Verify = 0x00;
    private const byte WriteMemory = 0x04;
    private const byte ReadMemory = 0x08;
    private const byte Cascade = 0xC0;
    private const int PageUnits = 0x1_0000;

    private readonly Dma8237 _chip;
    private readonly DmaPageRegisters _pages;
    private readonly IGuestMemory _memory;
    private readonly int _number;
    private readonly int _unitShift;

    internal DmaChannel(Dma8237 chip, DmaPageRegisters pages, IGuestMemory memory, int number)
    {
        (_chip, _pages, _memory, _number) = (chip, pages, memory, number);
        _unitShift = number >= Dma8237.Channels ? 1 : 0; // the second chip counts words
    }

    private int ChipChannel => _number % Dma8237.Channels;

    /// <summary>Moves bytes of the device to memory.</summary>
    /// <param name="data">The bytes; an even number on channels 5 to 7.</param>
    /// <param name="terminalCount">Whether the channel's count is used up: the TC pin.</param>
    /// <returns>How many bytes went; 0 when the channel is masked or set up for another direction. A channel that verifies takes all and stores none.</returns>
    public int ToMemory(ReadOnlySpan<byte> data, out bool terminalCount)
    {
        int moved = 0;
        terminalCount = false;
        while (!terminalCount && TryBegin(WriteMemory, data.Length - moved, out bool isVerify, out ulong address, out int bytes))
        {
            if (!isVerify)
            {
                _memory.TryWrite(address, data.Slice(moved, bytes));
            }

            moved += bytes;
            terminalCount = Advance(bytes);
        }

        return moved;
    }

    /// <summary>Moves bytes of memory to the device.</summary>
    /// <param name="data">Receives the bytes.</param>
    /// <param name="terminalCount">Whether the channel's count is used up: the TC pin.</param>
    /// <returns>How many bytes came; 0 when the channel is masked or set up for another direction.</returns>
    public int FromMemory(Span<byte> data, out bool terminalCount)
    {
        int moved = 0;
        terminalCount = false;
        while (!terminalCount && TryBegin(ReadMemory, data.Length - moved, out bool isVerify, out ulong address, out int bytes))
        {
            Span<byte> piece = data.Slice(moved, bytes);
            if (isVerify || !_memory.TryRead(address, piece))
            {
                piece.Fill(byte.MaxValue); // nothing drives the bus
            }

            moved += bytes;
            terminalCount = Advance(bytes);
        }

        return moved;
    }

    /// <summary>Finds the next run of bytes that are neighbours in memory.</summary>
    private bool TryBegin(byte type, int wanted, out bool isVerify, out ulong address, out int bytes)
    {
        ref Dma8237ChannelState channel = ref _chip.Channel(ChipChannel);
        int kind = channel.Mode & TransferType;
        isVerify = kind == Verify;
        int units = Math.Min(wanted >> _unitShift, channel.Count + 1);
        units = Math.Min(units, (channel.Mode & Decrement) != 0 ? 1 : PageUnits - channel.Address);
        bytes = units << _unitShift;
        uint page = (uint)_pages.Page(_number) >> _unitShift << _unitShift; // words: bit 16 comes from the count
        address = (page << 16) + ((uint)channel.Address << _unitShift);
        return bytes > 0 && _chip.IsOpen(ChipChannel) && (kind == type || isVerify) && (channel.Mode & Cascade) != Cascade;
    }

    private bool Advance(int bytes)
    {
        ref Dma8237ChannelState channel = ref _chip.Channel(ChipChannel);
        int units = bytes >> _unitShift;
        channel.Address += (ushort)((channel.Mode & Decrement) != 0 ? -units : units);
        channel.Count -= (ushort)units; // FFFFh behind the last one
        if (channel.Count != ushort.MaxValue || units == 0)
        {
            return false;
        }

        _chip.ReachTerminalCount(ChipChannel);
        return true;
    }
}
