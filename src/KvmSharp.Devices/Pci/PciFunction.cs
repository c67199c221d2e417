using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>One function of a PCI device: its configuration space with a type 0 header, its windows and its interrupt pin.</summary>
/// <remarks>
/// A chip derives from it, declares its windows in its constructor and calls <see cref="PowerOnHeader"/> at its end. The guest's writes
/// reach only bits that are marked writable. When the decoding of a window changes, the board is told by <see cref="DecodingChanged"/>.
/// Not modelled: parity, PERR# and SERR#, type 1 headers, expansion ROMs (firmware gets them through its configuration device).
/// Source: PCI Local Bus Specification 3.0, "Configuration Space Organization".
/// </remarks>
public abstract class PciFunction
{
    /// <summary>The number of base address registers in a type 0 header.</summary>
    public const int BarCount = 6;

    private readonly PciIdentity _identity;
    private readonly ISignal _interruptPin;
    private readonly List<PciBar> _bars = [];
    private readonly byte[] _writable = new byte[PciConfigSpace.Length];
    private readonly byte[] _config = new byte[PciConfigSpace.Length];

    /// <summary>Makes a function without windows.</summary>
    /// <param name="identity">Who it says it is.</param>
    /// <param name="interruptPin">Its INTA# pin, which it drives as level; use a wire without an end for functions that have none.</param>
    protected PciFunction(PciIdentity identity, ISignal interruptPin)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
        _interruptPin = interruptPin;
        MarkWritable(PciRegister.Command, (ushort)(PciCommand.PortSpace | PciCommand.MemorySpace | PciCommand.BusMaster | PciCommand.InterruptDisable));
        MarkWritable(PciRegister.InterruptLine, (byte)0xFF);
    }

    /// <summary>Gets or sets what is called when a window has moved, appeared or gone. Set by the board; called with the device lock held.</summary>
    public Action<PciFunction>? DecodingChanged { get; set; }

    /// <summary>Gets the function's windows.</summary>
    public IReadOnlyList<PciBar> Bars => _bars;

    /// <summary>Gets a value indicating whether the function may access memory by itself (command register, bus master).</summary>
    public bool IsBusMaster => (Read16(PciRegister.Command) & (ushort)PciCommand.BusMaster) != 0;

    /// <summary>Gets the configuration space, for the chip's own registers in it.</summary>
    protected Span<byte> Config => _config;

    /// <summary>Reads from the configuration space.</summary>
    /// <param name="offset">The byte offset, 0 to 255; the access does not leave its doubleword.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <returns>The value in the low <paramref name="width"/> bytes.</returns>
    public uint ReadConfig(int offset, int width)
    {
        OnConfigReading(offset, width);
        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (uint)ReadConfigByte((offset + lane) % PciConfigSpace.Length) << (8 * lane);
        }

        return value;
    }

    /// <summary>Writes to the configuration space.</summary>
    /// <param name="offset">The byte offset, 0 to 255; the access does not leave its doubleword.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    /// <param name="value">The value; bytes above <paramref name="width"/> are ignored.</param>
    public void WriteConfig(int offset, int width, uint value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            int place = (offset + lane) % PciConfigSpace.Length;
            byte mask = _writable[place];
            _config[place] = (byte)((_config[place] & ~mask) | ((byte)(value >> (8 * lane)) & mask));
        }

        OnConfigWritten(offset, width);
        UpdateDecoding();
        DriveInterrupt((Read16(PciRegister.Status) & (ushort)PciStatus.Interrupt) != 0); // the pin may have been disabled
    }

    /// <summary>Declares a window. Called from the constructor, in the order of the registers.</summary>
    /// <param name="index">The register, 0 to 5; a <see cref="PciSpace.Memory64"/> window takes this and the next.</param>
    /// <param name="space">The address space.</param>
    /// <param name="size">Bytes, a power of two: at least 4 for ports, 16 for memory.</param>
    /// <param name="ports">The device, when the window is in port space.</param>
    /// <param name="memory">The device, when it is in memory space.</param>
    /// <returns>The window.</returns>
    protected PciBar AddBar(int index, PciSpace space, ulong size, IPortDevice? ports = null, IMmioDevice? memory = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, BarCount);
        var bar = new PciBar(index, space, size, ports, memory);
        _bars.Add(bar);
        int offset = PciRegister.FirstBar + (sizeof(uint) * index);
        ulong mask = ~(size - 1);
        MarkWritable(offset, (uint)mask);
        if (space == PciSpace.Memory64)
        {
            MarkWritable(offset + sizeof(uint), (uint)(mask >> 32));
        }

        return bar;
    }

    /// <summary>Declares a window that no base address register moves, but a register of the chip's own: see <see cref="PlaceOf"/>.</summary>
    /// <param name="space">The address space.</param>
    /// <param name="size">Bytes, a power of two.</param>
    /// <param name="ports">The device, when the window is in port space.</param>
    /// <param name="memory">The device, when it is in memory space.</param>
    /// <returns>The window.</returns>
    protected PciBar AddOwnWindow(PciSpace space, ulong size, IPortDevice? ports = null, IMmioDevice? memory = null)
    {
        var window = new PciBar(PciBar.NoRegister, space, size, ports, memory);
        _bars.Add(window);
        return window;
    }

    /// <summary>Tells where a window of the chip's own lies; asked after each change of the configuration space.</summary>
    /// <param name="window">What <see cref="AddOwnWindow"/> returned.</param>
    /// <returns>Its first port or address, and whether the function answers there.</returns>
    protected virtual (ulong Address, bool IsDecoded) PlaceOf(PciBar window) => default;

    /// <summary>Lets the guest write bits of a register.</summary>
    /// <param name="offset">The byte offset of the register.</param>
    /// <param name="mask">The bits.</param>
    protected void MarkWritable(int offset, byte mask) => _writable[offset] |= mask;

    /// <inheritdoc cref="MarkWritable(int, byte)"/>
    protected void MarkWritable(int offset, ushort mask)
    {
        MarkWritable(offset, (byte)mask);
        MarkWritable(offset + 1, (byte)(mask >> 8));
    }

    /// <inheritdoc cref="MarkWritable(int, byte)"/>
    protected void MarkWritable(int offset, uint mask)
    {
        MarkWritable(offset, (ushort)mask);
        MarkWritable(offset + 2, (ushort)(mask >> 16));
    }

    /// <summary>Called when the guest is about to read: a chip whose registers have side effects, or follow from others, sees to them here.</summary>
    /// <param name="offset">The byte offset of the register.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    protected virtual void OnConfigReading(int offset, int width)
    {
    }

    /// <summary>Called when the guest has written, behind the store of the writable bits: a chip looks at its own registers here.</summary>
    /// <param name="offset">The byte offset of the register.</param>
    /// <param name="width">1, 2 or 4 bytes.</param>
    protected virtual void OnConfigWritten(int offset, int width)
    {
    }

    /// <summary>Reads one byte of the configuration space; a chip overrides it for registers that read as something else than was stored.</summary>
    /// <param name="offset">The byte offset, 0 to 255.</param>
    /// <returns>The byte.</returns>
    protected virtual byte ReadConfigByte(int offset) => _config[offset];

    /// <summary>Gives the header its power-on values: identity, nothing decoded, pin released. A chip sets its own registers behind it.</summary>
    protected void PowerOnHeader()
    {
        Array.Clear(_config);
        Write16(PciRegister.VendorId, _identity.VendorId);
        Write16(PciRegister.DeviceId, _identity.DeviceId);
        _config[PciRegister.Revision] = _identity.Revision;
        _config[PciRegister.ProgrammingInterface] = (byte)_identity.ClassCode;
        Write16(PciRegister.Subclass, (ushort)(_identity.ClassCode >> 8));
        _config[PciRegister.HeaderType] = (byte)(_identity.IsMultifunction ? PciRegister.MultifunctionBit : 0);
        Write16(PciRegister.SubsystemVendorId, _identity.SubsystemVendorId);
        Write16(PciRegister.SubsystemId, _identity.SubsystemId);
        _config[PciRegister.InterruptPin] = _identity.InterruptPin;
        foreach (PciBar bar in _bars.Where(b => b.Index != PciBar.NoRegister))
        {
            const byte PortIndicator = 1;
            const byte Memory64Type = 4;
            _config[PciRegister.FirstBar + (sizeof(uint) * bar.Index)] = bar.Space switch
            {
                PciSpace.Port => PortIndicator,
                PciSpace.Memory64 => Memory64Type,
                _ => 0,
            };
        }

        UpdateDecoding();
        _interruptPin.Drive(false);
    }

    /// <summary>Drives INTA# and its status bit. The pin stays released while the command register disables it.</summary>
    /// <param name="asserted">Whether the function asks for an interrupt.</param>
    protected void DriveInterrupt(bool asserted)
    {
        ushort status = Read16(PciRegister.Status);
        Write16(PciRegister.Status, (ushort)(asserted ? status | (ushort)PciStatus.Interrupt : status & ~(ushort)PciStatus.Interrupt));
        _interruptPin.Drive(asserted && (Read16(PciRegister.Command) & (ushort)PciCommand.InterruptDisable) == 0);
    }

    /// <summary>Copies the configuration space out, as part of a chip's state.</summary>
    protected PciConfigSpace SaveConfig()
    {
        var state = default(PciConfigSpace);
        _config.CopyTo((Span<byte>)state);
        return state;
    }

    /// <summary>Replaces the configuration space and tells the board of windows that moved by it; then drives the pin.</summary>
    /// <param name="state">What <see cref="SaveConfig"/> returned.</param>
    protected void LoadConfig(in PciConfigSpace state)
    {
        ((ReadOnlySpan<byte>)state).CopyTo(_config);
        UpdateDecoding();
        DriveInterrupt((Read16(PciRegister.Status) & (ushort)PciStatus.Interrupt) != 0);
    }

    /// <summary>Reads a word of the configuration space.</summary>
    protected ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_config.AsSpan(offset));

    /// <summary>Stores a word in the configuration space, read-only bits too.</summary>
    protected void Write16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_config.AsSpan(offset), value);

    private void UpdateDecoding()
    {
        bool changed = false;
        var command = (PciCommand)Read16(PciRegister.Command);
        foreach (PciBar bar in _bars)
        {
            (ulong address, bool decoded) = bar.Index == PciBar.NoRegister
                ? PlaceOf(bar)
                : (BaseOf(bar), command.HasFlag(bar.Space == PciSpace.Port ? PciCommand.PortSpace : PciCommand.MemorySpace));
            changed |= decoded != bar.IsDecoded || (decoded && address != bar.Address);
            bar.Address = address;
            bar.IsDecoded = decoded;
        }

        if (changed)
        {
            DecodingChanged?.Invoke(this);
        }
    }

    private ulong BaseOf(PciBar bar)
    {
        Span<byte> register = _config.AsSpan(PciRegister.FirstBar + (sizeof(uint) * bar.Index));
        ulong address = BinaryPrimitives.ReadUInt32LittleEndian(register);
        if (bar.Space == PciSpace.Memory64)
        {
            address |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(register[sizeof(uint)..]) << 32;
        }

        return address & ~(bar.Size - 1);
    }
}
