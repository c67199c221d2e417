namespace KvmSharp.Devices;

/// <summary>Configuration mechanism 1: the ports through which a processor reaches the configuration spaces of PCI functions.</summary>
/// <remarks>
/// Offset 0 is CONFIG_ADDRESS, which takes only doublewords; offsets 4 to 7 are CONFIG_DATA, a window on the doubleword that the address
/// names. Narrower accesses to offsets 0 to 3 belong to other devices: the reset control register answers at offset 1, nothing at the rest.
/// Buses other than 0 are not there. Source: PCI Local Bus Specification 3.0, "Software Generation of Configuration Transactions".
/// </remarks>
/// <param name="bus">The bus.</param>
/// <param name="resetControl">The byte-wide register at offset 1 (CF9h in a PC).</param>
public sealed class PciConfigurationPorts(PciBus bus, IPortDevice resetControl) : IPortDevice, IStateful<PciConfigurationPortsState>
{
    private const uint Enable = 0x8000_0000;
    private const uint AddressBits = 0x80FF_FFFC; // bits 30:24 and 1:0 are reserved and read as 0
    private const int BusShift = 16;
    private const int DeviceShift = 11;
    private const int FunctionShift = 8;
    private const int RegisterBits = 0xFC;
    private const int ResetControlOffset = 1;
    private const int DataOffset = 4;
    private const int Ports = 8;

    private PciConfigurationPortsState _s;

    /// <inheritdoc/>
    public PciConfigurationPortsState Save() => _s;

    /// <inheritdoc/>
    public void Load(in PciConfigurationPortsState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = default;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width)
    {
        if (offset == 0 && width == sizeof(uint))
        {
            return _s.Address;
        }

        if (offset >= DataOffset && offset + width <= Ports)
        {
            return Selected is { } function ? function.ReadConfig(Register(offset), width) : uint.MaxValue;
        }

        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (uint)ReadByte(offset + lane) << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        if (offset == 0 && width == sizeof(uint))
        {
            _s.Address = value & AddressBits;
        }
        else if (offset >= DataOffset && offset + width <= Ports)
        {
            Selected?.WriteConfig(Register(offset), width, value);
        }
        else
        {
            for (int lane = 0; lane < width; lane++)
            {
                WriteByte(offset + lane, (byte)(value >> (8 * lane)));
            }
        }
    }

    private PciFunction? Selected => (_s.Address & Enable) == 0 || (byte)(_s.Address >> BusShift) != 0
        ? null
        : bus.Find((int)(_s.Address >> DeviceShift) % PciBus.DeviceCount, (int)(_s.Address >> FunctionShift) % PciBus.FunctionCount);

    private int Register(int offset) => (int)(_s.Address & RegisterBits) + (offset - DataOffset);

    private byte ReadByte(int offset) => offset switch
    {
        ResetControlOffset => (byte)resetControl.ReadPort(0, 1),
        >= DataOffset and < Ports => (byte)ReadPort((ushort)offset, 1),
        _ => byte.MaxValue,
    };

    private void WriteByte(int offset, byte value)
    {
        if (offset == ResetControlOffset)
        {
            resetControl.WritePort(0, 1, value);
        }
        else if (offset is >= DataOffset and < Ports)
        {
            WritePort((ushort)offset, 1, value);
        }
    }
}

/// <summary>All that <see cref="PciConfigurationPorts"/> remembers.</summary>
public record struct PciConfigurationPortsState
{
    /// <summary>Gets or sets CONFIG_ADDRESS: enable in bit 31, bus in 23:16, device in 15:11, function in 10:8, register in 7:2.</summary>
    public uint Address { get; set; }
}
