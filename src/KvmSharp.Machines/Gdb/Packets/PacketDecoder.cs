using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>Takes packets out of a stream of bytes, whatever the bytes are: it keeps at most <see cref="LargestPacket"/> of them.</summary>
internal sealed class PacketDecoder
{
    /// <summary>The most bytes of a packet, as qSupported tells the client. Longer ones are refused whole.</summary>
    public const int LargestPacket = 0x4000;

    private const byte Interrupt = 0x03;

    private readonly StringBuilder _data = new();
    private Part _part;
    private byte _sum;
    private int _firstDigit;
    private bool _tooLong;

    private enum Part
    {
        Between,
        Data,
        Escaped,
        FirstDigit,
        SecondDigit,
    }

    /// <summary>Takes a byte.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="data">A packet's data, a byte in each character.</param>
    /// <returns>What the byte has completed.</returns>
    public PacketEvent Take(byte value, out string data)
    {
        data = string.Empty;
        switch (_part)
        {
            case Part.Between:
                if (value == PacketEncoder.Begin)
                {
                    Start();
                }

                return value switch
                {
                    (byte)'+' => PacketEvent.Acknowledged,
                    (byte)'-' => PacketEvent.Refused,
                    Interrupt => PacketEvent.Interrupt,
                    _ => PacketEvent.None,
                };
            case Part.FirstDigit:
                _firstDigit = Digit(value);
                _part = Part.SecondDigit;
                return PacketEvent.None;
            case Part.SecondDigit:
                _part = Part.Between;
                bool isWhole = !_tooLong && _firstDigit >= 0 && ((_firstDigit << 4) | Digit(value)) == _sum;
                data = isWhole ? _data.ToString() : string.Empty;
                return isWhole ? PacketEvent.Packet : PacketEvent.Damaged;
            default:
                TakeData(value);
                return PacketEvent.None;
        }
    }

    private static int Digit(byte value) => char.IsAsciiHexDigit((char)value) ? Convert.ToInt32(((char)value).ToString(), 16) : -1;

    private void Start()
    {
        _data.Clear();
        (_part, _sum, _tooLong) = (Part.Data, 0, false);
    }

    private void TakeData(byte value)
    {
        bool isEscaped = _part == Part.Escaped;
        if (!isEscaped && value == PacketEncoder.End)
        {
            _part = Part.FirstDigit;
            return;
        }

        if (!isEscaped && value == PacketEncoder.Begin)
        {
            Start(); // the end of the packet before was lost
            return;
        }

        _sum += value;
        _part = !isEscaped && value == PacketEncoder.Escape ? Part.Escaped : Part.Data;
        if (_part == Part.Escaped)
        {
            return;
        }

        if (_data.Length == LargestPacket)
        {
            _tooLong = true;
            return;
        }

        _data.Append((char)(isEscaped ? value ^ PacketEncoder.EscapeMask : value));
    }
}

/// <summary>What a byte on the line has completed.</summary>
internal enum PacketEvent
{
    None,

    /// <summary>A packet whose checksum is right.</summary>
    Packet,

    /// <summary>A packet that is too long, or whose checksum is wrong.</summary>
    Damaged,

    /// <summary>The client has got our packet.</summary>
    Acknowledged,

    /// <summary>The client wants our packet again.</summary>
    Refused,

    /// <summary>The byte 03h between packets: the client wants the guest to stop.</summary>
    Interrupt,
}
