using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>How the CRT controller walks through memory: sizes of the screen, and the place that each character or group of pixels comes from.</summary>
/// <remarks>Addresses count as the controller counts; a place is where four planes have a byte each. Source: FreeVGA, "CRT Controller Registers".</remarks>
internal readonly struct VgaGeometry
{
    private const int PlaceMask = 0xFFFF;
    private const int LongestRow = 0x1F; // scan lines, as a mask

    private readonly VgaIndexedState _crtc;
    private readonly bool _doubleScan;
    private readonly int _lineCompare;

    public VgaGeometry(in VgaState vga)
    {
        _crtc = vga.CrtController;
        int overflow = _crtc[VgaCrtController.Overflow];
        int maximumScanLine = _crtc[VgaCrtController.MaximumScanLine];
        IsText = (vga.GraphicsController[VgaGraphicsController.Miscellaneous] & VgaGraphicsController.Graphics) == 0;
        IsBlank = (vga.AttributeController.Index & VgaAttributeController.PaletteToDisplay) == 0
            || (vga.Sequencer[VgaSequencer.ClockingMode] & VgaSequencer.ScreenOff) != 0;
        Columns = _crtc[VgaCrtController.HorizontalDisplayEnd] + 1;
        Lines = (_crtc[VgaCrtController.VerticalDisplayEnd] | ((overflow << 7) & 0x100) | ((overflow << 3) & 0x200)) + 1;
        RowHeight = (maximumScanLine & LongestRow) + 1;
        _doubleScan = (maximumScanLine & VgaCrtController.DoubleScan) != 0;
        _lineCompare = _crtc[VgaCrtController.LineCompare] | ((overflow << 4) & 0x100) | ((maximumScanLine << 3) & 0x200);
        StartAddress = Pair(VgaCrtController.StartAddressHigh);
        RowStep = 2 * _crtc[VgaCrtController.Offset];
        DotsPerCharacter = (vga.Sequencer[VgaSequencer.ClockingMode] & VgaSequencer.EightDots) != 0 ? 8 : 9;
    }

    public bool IsText { get; }

    public bool IsBlank { get; }

    /// <summary>Gets the characters, or groups of eight dots, in a line.</summary>
    public int Columns { get; }

    /// <summary>Gets the scan lines that are displayed.</summary>
    public int Lines { get; }

    /// <summary>Gets the scan lines of a row of characters.</summary>
    public int RowHeight { get; }

    public int StartAddress { get; }

    public int RowStep { get; }

    public int DotsPerCharacter { get; }

    public int Rows => Math.Max(1, Lines / RowHeight / (_doubleScan ? 2 : 1));

    /// <summary>Gets how many scan lines in a row show the same pixels in a graphics mode; a CGA mode has other pixels in each line of a row.</summary>
    public int LineRepeat => (_doubleScan ? 2 : 1) * (HasRowScanAddress ? 1 : RowHeight);

    private bool HasRowScanAddress => (~_crtc[VgaCrtController.ModeControl] & (VgaCrtController.NoRowScanBit0 | VgaCrtController.NoRowScanBit1)) != 0;

    /// <summary>Gets the address at the left end of a scan line, and the line of the character row that it is.</summary>
    public (int Address, int RowScan) Line(int line)
    {
        bool isSplit = line > _lineCompare;
        int counted = isSplit ? line - _lineCompare - 1 : line;
        counted = (_doubleScan ? counted / 2 : counted) + (isSplit ? 0 : _crtc[VgaCrtController.PresetRowScan] & LongestRow);
        return ((isSplit ? 0 : StartAddress) + (counted / RowHeight * RowStep), counted % RowHeight);
    }

    /// <summary>Gets the address at the left end of a row of characters.</summary>
    public int Row(int row) => Line(row * RowHeight * (_doubleScan ? 2 : 1)).Address;

    /// <summary>Gets the place of an address: byte, word and doubleword mode, and the interleaving of a CGA.</summary>
    public int Place(int address, int rowScan)
    {
        int mode = _crtc[VgaCrtController.ModeControl];
        int place = address;
        if ((_crtc[VgaCrtController.UnderlineLocation] & VgaCrtController.DoublewordMode) != 0)
        {
            place = (address << 2) | ((address >> 14) & 3);
        }
        else if ((mode & VgaCrtController.ByteMode) == 0)
        {
            place = (address << 1) | ((address >> ((mode & VgaCrtController.AddressWrap) != 0 ? 15 : 13)) & 1);
        }

        place = (mode & VgaCrtController.NoRowScanBit0) != 0 ? place : (place & ~(1 << 13)) | ((rowScan & 1) << 13);
        place = (mode & VgaCrtController.NoRowScanBit1) != 0 ? place : (place & ~(1 << 14)) | ((rowScan >> 1 & 1) << 14);
        return place & PlaceMask;
    }

    /// <summary>Gets the cursor's column and row, or null when it is hidden or off the screen.</summary>
    public (int Column, int Row)? Cursor()
    {
        int start = _crtc[VgaCrtController.CursorStart];
        int distance = Pair(VgaCrtController.CursorLocationHigh) - StartAddress;
        bool isShown = (start & VgaCrtController.CursorOff) == 0 && (start & LongestRow) <= (_crtc[VgaCrtController.CursorEnd] & LongestRow);
        return isShown && RowStep > 0 && distance >= 0 && distance / RowStep < Rows && distance % RowStep < Columns
            ? (distance % RowStep, distance / RowStep)
            : null;
    }

    private int Pair(int high) => (_crtc[high] << 8) | _crtc[high + 1];
}
