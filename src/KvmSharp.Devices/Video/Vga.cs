namespace KvmSharp.Devices;

/// <summary>An IBM VGA: its registers, and behind <see cref="Aperture"/> its memory.</summary>
/// <remarks>
/// Offset 0 is port 3B0h; the chip decodes 3B0h to 3BBh and 3C0h to 3DFh. The CRT controller and status answer at 3Bxh or 3Dxh, as the miscellaneous output
/// register says. It powers on blank.
/// Not modelled: the vertical retrace interrupt, the light pen, the page select bit of odd/even modes, the setup and sleep ports.
/// Sources: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"; FreeVGA, "VGA Register Reference".
/// </remarks>
public sealed class Vga : BytePortDevice, IStateful<VgaState>
{
    /// <summary>How many ports lie from the first to the last: 3B0h to 3DFh.</summary>
    public const int Ports = 0x30;

    /// <summary>The length of the address range A0000h to BFFFFh.</summary>
    public const int ApertureBytes = 0x2_0000;

    private const int MonoCrtcIndex = 0x04; // ports, from 3B0h
    private const int MonoCrtcData = 0x05;
    private const int MonoStatus = 0x0A;
    private const int AttributeWrite = 0x10;
    private const int AttributeRead = 0x11;
    private const int MiscellaneousWrite = 0x12;
    private const int SequencerIndex = 0x14;
    private const int SequencerData = 0x15;
    private const int DacPixelMask = 0x16;
    private const int DacReadAddress = 0x17;
    private const int DacWriteAddress = 0x18;
    private const int DacData = 0x19;
    private const int FeatureRead = 0x1A;
    private const int MiscellaneousRead = 0x1C;
    private const int GraphicsIndex = 0x1E;
    private const int GraphicsData = 0x1F;
    private const int ColorFromMono = 0x20; // 3D4h is 3B4h + 20h

    private const byte ColorMonitor = 0x10; // input status register 0: switch sense
    private const byte AttributeIndexBits = 0x3F;
    private const byte AttributeRegisterBits = 0x1F;

    private readonly IVirtualClock _clock;
    private readonly BochsDisplay? _extension;
    private readonly VgaIndexedRegisters _sequencer = new(VgaSequencer.Writable);
    private readonly VgaIndexedRegisters _crtc = new(VgaCrtController.Writable);
    private readonly VgaIndexedRegisters _graphics = new(VgaGraphicsController.Writable);
    private readonly VgaIndexedRegisters _attributes = new(VgaAttributeController.Writable);
    private readonly VgaDac _dac = new();
    private readonly VgaAperture _aperture;
    private byte _miscellaneous;
    private byte _feature;
    private bool _attributeDataNext;

    /// <summary>Makes a VGA in its power-on state.</summary>
    /// <param name="clock">The time, which moves the beam.</param>
    /// <param name="memory">Its memory.</param>
    /// <param name="extension">The extension for larger modes, if the adapter has it.</param>
    public Vga(IVirtualClock clock, VideoMemory memory, BochsDisplay? extension = null)
        : base(Ports)
    {
        ArgumentNullException.ThrowIfNull(memory);
        _clock = clock;
        _extension = extension;
        Memory = memory;
        _aperture = new VgaAperture(memory, _sequencer, _graphics, extension);
        Reset();
    }

    /// <summary>Gets the memory.</summary>
    public VideoMemory Memory { get; }

    /// <summary>Gets the device behind A0000h to BFFFFh.</summary>
    public IMmioDevice Aperture => _aperture;

    private int ActiveFromMono => (_miscellaneous & VgaMiscellaneousOutput.ColorPorts) != 0 ? ColorFromMono : 0;

    /// <inheritdoc/>
    public VgaState Save() => new()
    {
        MiscellaneousOutput = _miscellaneous,
        FeatureControl = _feature,
        Sequencer = _sequencer.State,
        CrtController = _crtc.State,
        GraphicsController = _graphics.State,
        AttributeController = _attributes.State,
        AttributeDataNext = _attributeDataNext,
        Latches = _aperture.Latches,
        Dac = _dac.State,
    };

    /// <inheritdoc/>
    public void Load(in VgaState state)
    {
        _miscellaneous = state.MiscellaneousOutput;
        _feature = state.FeatureControl;
        _sequencer.State = state.Sequencer;
        _crtc.State = state.CrtController;
        _graphics.State = state.GraphicsController;
        _attributes.State = state.AttributeController;
        _attributeDataNext = state.AttributeDataNext;
        _dac.State = state.Dac;
        _aperture.Latches = state.Latches;
        _aperture.IsEnabled = (_miscellaneous & VgaMiscellaneousOutput.MemoryEnable) != 0;
    }

    /// <inheritdoc/>
    public void Reset() => Load(default);

    /// <summary>Sets BIOS mode 3 with an empty screen and our own font, for firmware in managed code and for loaders that skip firmware.</summary>
    public void SetTextMode()
    {
        Load(VgaTextMode.MakeState());
        Memory.SetVgaBytes(VgaTextMode.Memory);
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => port switch
    {
        _ when port == ActiveFromMono + MonoCrtcIndex => _crtc.Index,
        _ when port == ActiveFromMono + MonoCrtcData => _crtc.Data,
        _ when port == ActiveFromMono + MonoStatus => ReadStatus(),
        AttributeWrite => _attributes.Index,
        AttributeRead => _attributes[_attributes.Index & AttributeRegisterBits],
        MiscellaneousWrite => ColorMonitor,
        SequencerIndex => _sequencer.Index,
        SequencerData => _sequencer.Data,
        DacPixelMask => _dac.PixelMask,
        DacReadAddress => _dac.AccessState,
        DacWriteAddress => _dac.WriteIndex,
        DacData => _dac.Read(),
        FeatureRead => _feature,
        MiscellaneousRead => _miscellaneous,
        GraphicsIndex => _graphics.Index,
        GraphicsData => _graphics.Data,
        _ => OpenBus,
    };

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        switch (port)
        {
            case MonoCrtcIndex or MonoCrtcData or MonoStatus:
            case ColorFromMono + MonoCrtcIndex or ColorFromMono + MonoCrtcData or ColorFromMono + MonoStatus:
                WriteMoving(port - ActiveFromMono, value);
                break;
            case AttributeWrite:
                WriteAttribute(value);
                break;
            case MiscellaneousWrite:
                _miscellaneous = value;
                _aperture.IsEnabled = (value & VgaMiscellaneousOutput.MemoryEnable) != 0;
                break;
            case SequencerIndex:
                _sequencer.Index = value;
                break;
            case SequencerData:
                _sequencer.Write(_sequencer.Index, value);
                break;
            case DacPixelMask:
                _dac.PixelMask = value;
                break;
            case DacReadAddress:
                _dac.SetReadIndex(value);
                break;
            case DacWriteAddress:
                _dac.SetWriteIndex(value);
                break;
            case DacData:
                _dac.EightBits = _extension?.HasEightBitDac ?? false;
                _dac.Write(value);
                break;
            case GraphicsIndex:
                _graphics.Index = value;
                break;
            case GraphicsData:
                _graphics.Write(_graphics.Index, value);
                break;
            default:
                break;
        }
    }

    // The registers that lie at 3Bxh or 3Dxh; at the other place nothing answers.
    private void WriteMoving(int port, byte value)
    {
        switch (port)
        {
            case MonoCrtcIndex:
                _crtc.Index = value;
                break;
            case MonoCrtcData:
                WriteCrtc(value);
                break;
            case MonoStatus:
                _feature = value;
                break;
            default:
                break;
        }
    }

    private void WriteCrtc(byte value)
    {
        bool isProtected = _crtc.Index <= VgaCrtController.Overflow && (_crtc[VgaCrtController.VerticalRetraceEnd] & VgaCrtController.Protect) != 0;
        byte bits = !isProtected ? (byte)0xFF : _crtc.Index == VgaCrtController.Overflow ? VgaCrtController.OverflowLineCompare : (byte)0;
        _crtc.Write(_crtc.Index, value, bits);
    }

    private void WriteAttribute(byte value)
    {
        if (_attributeDataNext)
        {
            _attributes.Write(_attributes.Index & AttributeRegisterBits, value);
        }
        else
        {
            _attributes.Index = (byte)(value & AttributeIndexBits);
        }

        _attributeDataNext = !_attributeDataNext;
    }

    private byte ReadStatus()
    {
        _attributeDataNext = false;
        return VgaTiming.Status(_clock.Now, _miscellaneous, _sequencer[VgaSequencer.ClockingMode], _crtc);
    }
}
