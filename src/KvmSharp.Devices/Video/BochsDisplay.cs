namespace KvmSharp.Devices;

/// <summary>The display interface of Bochs ("VBE DISPI"): modes beyond the VGA's with a linear frame buffer.</summary>
/// <remarks>
/// Offset 0 (1CEh) is the index, offset 1 (1CFh) the data, a word each; as memory (<see cref="IMmioDevice"/>) the registers lie side by side.
/// Size and depth change while it is disabled only. What does not fit the memory is cut to what does.
/// Source: Bochs, "VBE Display API".
/// </remarks>
public sealed class BochsDisplay : IPortDevice, IMmioDevice, IStateful<BochsDisplayState>
{
    private const int IndexId = 0; // registers
    private const int IndexWidth = 1;
    private const int IndexHeight = 2;
    private const int IndexBitsPerPixel = 3;
    private const int IndexEnable = 4;
    private const int IndexBank = 5;
    private const int IndexVirtualWidth = 6;
    private const int IndexVirtualHeight = 7;
    private const int IndexOffsetX = 8;
    private const int IndexOffsetY = 9;
    private const int IndexMemory64K = 10;

    private const ushort OldestId = 0xB0C0;
    private const ushort NewestId = 0xB0C5;
    private const int BankShift = 16;

    private const ushort Enabled = 0x01; // bits of the enable register
    private const ushort GetCapabilities = 0x02;
    private const ushort EightBitDac = 0x20;
    private const ushort NoClearMemory = 0x80;

    private const ushort LargestWidth = 2560;
    private const ushort LargestHeight = 1600;
    private const ushort DeepestPixel = 32;
    private const ushort WidthStep = 8;

    private readonly VideoMemory _memory;
    private BochsDisplayState _s;

    /// <summary>Makes an interface in its power-on state: disabled.</summary>
    /// <param name="memory">The adapter's memory.</param>
    public BochsDisplay(VideoMemory memory)
    {
        _memory = memory;
        Reset();
    }

    /// <summary>Gets a value indicating whether its mode is displayed instead of the VGA's.</summary>
    public bool IsEnabled => (_s.Enable & Enabled) != 0;

    /// <summary>Gets a value indicating whether the window at A0000h is a bank of the linear memory.</summary>
    public bool IsLinear => IsEnabled && _s.BitsPerPixel > 4;

    /// <summary>Gets where the bank behind A0000h begins.</summary>
    public int BankStart => _s.Bank << BankShift;

    /// <summary>Gets a value indicating whether colours have 8 bits for each component.</summary>
    public bool HasEightBitDac => (_s.Enable & EightBitDac) != 0;

    /// <summary>Gets the distance of two rows in bytes; four bits take half a byte, in planes of a quarter of that.</summary>
    public int BytesPerRow => _s.BitsPerPixel == 4 ? _s.VirtualWidth / 2 : _s.VirtualWidth * BytesPerPixel(_s.BitsPerPixel);

    private ushort VirtualHeight => (ushort)Math.Min(ushort.MaxValue, BytesPerRow == 0 ? 0 : _memory.Length / BytesPerRow);

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width) => offset == 0 ? _s.Index : ReadRegister(_s.Index);

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        if (offset == 0)
        {
            _s.Index = (ushort)value;
        }
        else
        {
            WriteRegister(_s.Index, (ushort)value);
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width) => ReadRegister((int)(offset / sizeof(ushort)));

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value) => WriteRegister((int)(offset / sizeof(ushort)), (ushort)value);

    /// <inheritdoc/>
    public BochsDisplayState Save() => _s;

    /// <inheritdoc/>
    public void Load(in BochsDisplayState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = new BochsDisplayState { Id = NewestId };

    private static int BytesPerPixel(int bits) => (bits + 7) / 8;

    private ushort ReadRegister(int register)
    {
        bool capabilities = (_s.Enable & GetCapabilities) != 0;
        return register switch
        {
            IndexId => _s.Id,
            IndexWidth => capabilities ? LargestWidth : _s.Width,
            IndexHeight => capabilities ? LargestHeight : _s.Height,
            IndexBitsPerPixel => capabilities ? DeepestPixel : _s.BitsPerPixel,
            IndexEnable => _s.Enable,
            IndexBank => _s.Bank,
            IndexVirtualWidth => _s.VirtualWidth,
            IndexVirtualHeight => VirtualHeight,
            IndexOffsetX => _s.OffsetX,
            IndexOffsetY => _s.OffsetY,
            IndexMemory64K => (ushort)(_memory.Length >> BankShift),
            _ => 0,
        };
    }

    private void WriteRegister(int register, ushort value)
    {
        switch (register)
        {
            case IndexId when value is >= OldestId and <= NewestId:
                _s.Id = value;
                break;
            case IndexWidth when !IsEnabled && value <= LargestWidth:
                _s.Width = (ushort)(value & ~(WidthStep - 1));
                break;
            case IndexHeight when !IsEnabled && value <= LargestHeight:
                _s.Height = value;
                break;
            case IndexBitsPerPixel when !IsEnabled && (value is 4 or 8 or 15 or 16 or 24 or 32):
                _s.BitsPerPixel = value;
                break;
            case IndexEnable:
                WriteEnable(value);
                break;
            case IndexBank when value < _memory.Length >> BankShift:
                _s.Bank = value;
                break;
            case IndexVirtualWidth when IsEnabled:
                SetVirtualWidth(value);
                break;
            case IndexOffsetX when IsEnabled && value <= _s.VirtualWidth - _s.Width:
                _s.OffsetX = value;
                break;
            case IndexOffsetY when IsEnabled && value + _s.Height <= VirtualHeight:
                _s.OffsetY = value;
                break;
            default:
                break;
        }
    }

    private void WriteEnable(ushort value)
    {
        bool wasEnabled = IsEnabled;
        bool shows = (value & Enabled) != 0 && _s.Width > 0 && _s.Height > 0 && _s.BitsPerPixel > 0;
        _s.Enable = shows ? value : (ushort)(value & ~Enabled);
        if (!shows || wasEnabled)
        {
            return;
        }

        _s.Bank = 0;
        _s.OffsetX = 0;
        _s.OffsetY = 0;
        SetVirtualWidth(_s.Width);
        _s.Height = Math.Min(_s.Height, VirtualHeight);
        if ((value & NoClearMemory) == 0)
        {
            _memory.Change(0, BytesPerRow * _s.Height).Clear();
        }
    }

    // A row is never so long that the picture's rows would not fit the memory.
    private void SetVirtualWidth(ushort value)
    {
        ushort before = _s.VirtualWidth;
        _s.VirtualWidth = (ushort)(Math.Max(value, _s.Width) & ~(WidthStep - 1));
        if (VirtualHeight < _s.Height && before >= _s.Width)
        {
            _s.VirtualWidth = before;
        }
        else
        {
            _s.OffsetX = 0;
            _s.OffsetY = 0;
        }
    }
}
