namespace KvmSharp.Devices;

/// <summary>The edge/level control registers of a PC's two interrupt controllers: offset 0 the master's, offset 1 the slave's.</summary>
/// <remarks>
/// It keeps no state of its own: each register belongs to its <see cref="Pic8259"/>. Lines that the board wires to edge-driven
/// devices (IRQ 0, 1, 2, 8 and 13) stay edge-triggered whatever is written. Source: Intel 82371AB (PIIX4) data sheet, "ELCR1" and "ELCR2".
/// </remarks>
/// <param name="master">The chip with IRQ 0 to 7.</param>
/// <param name="slave">The chip with IRQ 8 to 15.</param>
public sealed class EdgeLevelControlPorts(Pic8259 master, Pic8259 slave) : BytePortDevice(ports: 2)
{
    private const byte MasterWritable = 0xF8; // not IRQ 0, 1, 2
    private const byte SlaveWritable = 0xDE;  // not IRQ 8, 13

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => port == 0 ? master.EdgeLevelControl : slave.EdgeLevelControl;

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        if (port == 0)
        {
            master.EdgeLevelControl = (byte)(value & MasterWritable);
        }
        else
        {
            slave.EdgeLevelControl = (byte)(value & SlaveWritable);
        }
    }
}
