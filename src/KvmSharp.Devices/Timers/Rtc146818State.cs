using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that an MC146818 and the index port before it remember.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Rtc146818State
{
    private CmosBytes _registers;

    /// <summary>Gets or sets the registers and the RAM. The time registers are as of <see cref="CheckedUntil"/>.</summary>
    public CmosBytes Registers
    {
        readonly get => _registers;
        set => _registers = value;
    }

    /// <summary>Gets or sets the register that the data port shows, 0 to 127.</summary>
    public byte Index { get; set; }

    /// <summary>Gets or sets a value indicating whether NMI is masked (bit 7 of the index port).</summary>
    public bool NmiMasked { get; set; }

    /// <summary>Gets or sets the virtual time in nanoseconds at which the present second of the divider chain began.</summary>
    public long SecondOrigin { get; set; }

    /// <summary>Gets or sets the virtual time up to which updates and interrupt flags are accounted for.</summary>
    public long CheckedUntil { get; set; }

    /// <summary>Reads one register.</summary>
    internal readonly byte Get(int register) => _registers[register];

    /// <summary>Writes one register.</summary>
    internal void Set(int register, byte value) => _registers[register] = value;
}
