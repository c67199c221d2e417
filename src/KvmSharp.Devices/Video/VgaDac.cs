namespace KvmSharp.Devices;

/// <summary>The digital-to-analogue converter with its 256 colours, each written and read as red, green and blue.</summary>
/// <remarks>A colour changes when its blue is written: the two components before wait until then, as in the Inmos G171.</remarks>
internal sealed class VgaDac
{
    private const int Red = 0;
    private const int Green = 1;
    private const int Blue = 2;
    private const byte StateReading = 0x03; // what port 3C7h reads while the read address counts; 0 for the write address
    private const byte SixBits = 0x3F;

    private VgaDacState _s;

    public VgaDacState State
    {
        get => _s;
        set => _s = value;
    }

    /// <summary>Gets or sets a value indicating whether components have 8 bits.</summary>
    public bool EightBits { get; set; }

    public byte PixelMask
    {
        get => _s.PixelMask;
        set => _s.PixelMask = value;
    }

    public byte WriteIndex => _s.WriteIndex;

    public byte AccessState => _s.Reading ? StateReading : (byte)0;

    public void SetWriteIndex(byte color)
    {
        _s.WriteIndex = color;
        _s.Component = Red;
        _s.Reading = false;
    }

    public void SetReadIndex(byte color)
    {
        _s.ReadIndex = color;
        _s.Component = Red;
        _s.Reading = true;
    }

    public byte Read()
    {
        byte value = _s.Get(_s.ReadIndex, _s.Component);
        if (_s.Component++ == Blue)
        {
            _s.Component = Red;
            _s.ReadIndex++;
        }

        return value;
    }

    public void Write(byte value)
    {
        value &= EightBits ? (byte)0xFF : SixBits;
        switch (_s.Component++)
        {
            case Red:
                _s.PendingRed = value;
                break;
            case Green:
                _s.PendingGreen = value;
                break;
            default:
                SetColor(_s.WriteIndex++, _s.PendingRed, _s.PendingGreen, value);
                _s.Component = Red;
                break;
        }
    }

    public void SetColor(int color, byte red, byte green, byte blue)
    {
        _s.Set(color, Red, red);
        _s.Set(color, Green, green);
        _s.Set(color, Blue, blue);
    }
}
