using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>The command block registers of one drive.</summary>
/// <remarks>
/// Five of them are two bytes deep, for 48-bit addresses: a write pushes the byte that was there into the upper half ("previous content"),
/// which the HOB bit makes readable.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct TaskFile
{
    /// <summary>Gets or sets the Features register.</summary>
    public ushort Features { get; set; }

    /// <summary>Gets or sets the Sector Count register.</summary>
    public ushort SectorCount { get; set; }

    /// <summary>Gets or sets the LBA Low register: the sector number of a CHS address.</summary>
    public ushort LbaLow { get; set; }

    /// <summary>Gets or sets the LBA Mid register: the low byte of a cylinder number.</summary>
    public ushort LbaMid { get; set; }

    /// <summary>Gets or sets the LBA High register: the high byte of a cylinder number.</summary>
    public ushort LbaHigh { get; set; }

    /// <summary>Gets or sets the Device register.</summary>
    public byte Device { get; set; }

    /// <summary>Gets or sets the Status register.</summary>
    public AtaStatus Status { get; set; }

    /// <summary>Gets or sets the Error register.</summary>
    public AtaError Error { get; set; }

    /// <summary>Gets or sets a value indicating whether the drive asks for an interrupt; reading Status ends it.</summary>
    public bool InterruptPending { get; set; }

    /// <summary>Gets or sets LBA Mid and LBA High as one number: a cylinder, or the byte count of a packet's data.</summary>
    internal ushort Cylinder
    {
        readonly get => (ushort)((byte)LbaMid | ((byte)LbaHigh << 8));
        set => (LbaMid, LbaHigh) = ((byte)value, (byte)(value >> 8));
    }

    /// <summary>Reads a register other than Data.</summary>
    /// <param name="register">One of <see cref="AtaRegister"/>.</param>
    /// <param name="previous">Whether HOB is set.</param>
    internal readonly byte Read(int register, bool previous)
    {
        int shift = previous ? 8 : 0;
        return register switch
        {
            AtaRegister.Features => (byte)Error,
            AtaRegister.SectorCount => (byte)(SectorCount >> shift),
            AtaRegister.LbaLow => (byte)(LbaLow >> shift),
            AtaRegister.LbaMid => (byte)(LbaMid >> shift),
            AtaRegister.LbaHigh => (byte)(LbaHigh >> shift),
            AtaRegister.Device => Device,
            _ => (byte)Status,
        };
    }

    /// <summary>Writes a register other than Data and Command.</summary>
    internal void Write(int register, byte value)
    {
        switch (register)
        {
            case AtaRegister.Features:
                Features = Push(Features, value);
                break;
            case AtaRegister.SectorCount:
                SectorCount = Push(SectorCount, value);
                break;
            case AtaRegister.LbaLow:
                LbaLow = Push(LbaLow, value);
                break;
            case AtaRegister.LbaMid:
                LbaMid = Push(LbaMid, value);
                break;
            case AtaRegister.LbaHigh:
                LbaHigh = Push(LbaHigh, value);
                break;
            default:
                Device = (byte)(value | AtaDevice.Obsolete);
                break;
        }
    }

    private static ushort Push(ushort register, byte value) => (ushort)((register << 8) | value);
}
