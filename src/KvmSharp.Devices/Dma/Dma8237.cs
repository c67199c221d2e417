namespace KvmSharp.Devices;

/// <summary>One Intel 8237A DMA controller: four channels that count addresses for devices.</summary>
/// <remarks>
/// Ports 0 to 7 are address and count of each channel, two accesses each, low byte first; 8 to 15 are the controls. The second chip of a PC/AT
/// hangs one address line higher, so its ports are every other one.
/// A device asks for transfers through a <see cref="DmaChannel"/>, and gets them at once: the bus is always free.
/// Not modelled: memory-to-memory transfers, priorities, timing modes; software requests only show in the status.
/// Source: Intel 8237A data sheet (231466), "Programming" and "Register description".
/// </remarks>
/// <param name="portShift">How many address lines higher the chip hangs: 0 or 1.</param>
public sealed class Dma8237(int portShift = 0) : BytePortDevice(Ports << portShift), IStateful<Dma8237State>
{
    /// <summary>Channels of a chip.</summary>
    public const int Channels = 4;

    private const int Ports = 16;
    private const byte AllChannels = 0x0F;
    private const byte ChannelBits = 0x03; // of the single mask, mode and request registers
    private const byte SetBit = 0x04;      // of the single mask and request registers
    private const byte Disabled = 0x04;    // command: controller disable

    private readonly Dma8237ChannelState[] _channels = new Dma8237ChannelState[Channels];
    private Dma8237State _s = new() { Mask = AllChannels };

    private enum Register
    {
        CommandOrStatus = 8,
        Request = 9,
        SingleMask = 10,
        Mode = 11,
        ClearFlipFlop = 12,
        MasterClear = 13,
        ClearMask = 14,
        AllMask = 15,
    }

    /// <inheritdoc/>
    public Dma8237State Save()
    {
        var channels = default(Dma8237Channels);
        _channels.CopyTo((Span<Dma8237ChannelState>)channels);
        return _s with { Channels = channels };
    }

    /// <inheritdoc/>
    public void Load(in Dma8237State state)
    {
        _s = state;
        Dma8237Channels channels = state.Channels;
        ((ReadOnlySpan<Dma8237ChannelState>)channels).CopyTo(_channels);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Array.Clear(_channels);
        MasterClear();
    }

    /// <summary>Gets a channel's registers, for the transfers of its device.</summary>
    internal ref Dma8237ChannelState Channel(int number) => ref _channels[number];

    /// <summary>Says whether a device's request would be granted.</summary>
    internal bool IsOpen(int channel) => (_s.Command & Disabled) == 0 && (_s.Mask & (1 << channel)) == 0;

    /// <summary>A channel's count is used up: it starts again, or waits for software.</summary>
    internal void ReachTerminalCount(int channel)
    {
        ref Dma8237ChannelState registers = ref _channels[channel];
        _s.TerminalCounts |= (byte)(1 << channel);
        _s.Requests &= (byte)~(1 << channel);
        if ((registers.Mode & DmaChannel.AutoInitialize) != 0)
        {
            registers.Address = registers.BaseAddress;
            registers.Count = registers.BaseCount;
        }
        else
        {
            _s.Mask |= (byte)(1 << channel);
        }
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        int register = port >> portShift;
        switch ((Register)register)
        {
            case < Register.CommandOrStatus:
                ref Dma8237ChannelState channel = ref _channels[register >> 1];
                ushort word = (register & 1) == 0 ? channel.Address : channel.Count;
                bool high = _s.HighByteNext;
                _s.HighByteNext = !high;
                return (byte)(high ? word >> 8 : word);
            case Register.CommandOrStatus:
                var status = (byte)((_s.Requests << 4) | _s.TerminalCounts);
                _s.TerminalCounts = 0;
                return status;
            case Register.MasterClear:
                return 0; // the temporary register of memory-to-memory transfers
            case Register.AllMask:
                return (byte)(0xF0 | _s.Mask); // not in the 8237A; chipsets read it back
            default:
                return OpenBus;
        }
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        int register = port >> portShift;
        var bit = (byte)(1 << (value & ChannelBits));
        bool set = (value & SetBit) != 0;
        switch ((Register)register)
        {
            case < Register.CommandOrStatus:
                WriteWord(register, value);
                break;
            case Register.CommandOrStatus:
                _s.Command = value;
                break;
            case Register.Request:
                _s.Requests = (byte)(set ? _s.Requests | bit : _s.Requests & ~bit);
                break;
            case Register.SingleMask:
                _s.Mask = (byte)(set ? _s.Mask | bit : _s.Mask & ~bit);
                break;
            case Register.Mode:
                _channels[value & ChannelBits].Mode = (byte)(value & ~ChannelBits);
                break;
            case Register.ClearFlipFlop:
                _s.HighByteNext = false;
                break;
            case Register.MasterClear:
                MasterClear();
                break;
            case Register.ClearMask:
                _s.Mask = 0;
                break;
            default:
                _s.Mask = (byte)(value & AllChannels);
                break;
        }
    }

    /// <summary>A write goes to the base and to the current register.</summary>
    private void WriteWord(int register, byte value)
    {
        ref Dma8237ChannelState channel = ref _channels[register >> 1];
        bool isAddress = (register & 1) == 0;
        ushort old = isAddress ? channel.BaseAddress : channel.BaseCount;
        var word = (ushort)(_s.HighByteNext ? (old & 0x00FF) | (value << 8) : (old & 0xFF00) | value);
        _s.HighByteNext = !_s.HighByteNext;
        if (isAddress)
        {
            (channel.BaseAddress, channel.Address) = (word, word);
        }
        else
        {
            (channel.BaseCount, channel.Count) = (word, word);
        }
    }

    private void MasterClear() => _s = new Dma8237State { Mask = AllChannels };
}
