namespace KvmSharp.Devices;

/// <summary>A master and a slave 8259A in cascade, as one interrupt controller with sixteen lines.</summary>
/// <remarks>
/// It keeps no state: both chips save their own. The slave's INT pin must be <c>master.Line(cascadeLine)</c>. That wiring decides
/// who answers, not what the guest wrote to ICW3, so a guest that names a wrong slave still gets its vectors.
/// Source: Intel 8259A data sheet (231468), "Cascade Mode".
/// </remarks>
/// <param name="master">The chip whose INT pin goes to the CPU.</param>
/// <param name="slave">The chip behind it.</param>
/// <param name="cascadeLine">The master's line that the slave drives; 2 in a PC.</param>
public sealed class PicPair(Pic8259 master, Pic8259 slave, int cascadeLine) : IInterruptController
{
    private const int LinesPerChip = 8;

    /// <inheritdoc/>
    public byte Acknowledge()
    {
        byte vector = master.Acknowledge(out int level);
        return level == cascadeLine ? slave.Acknowledge(out _) : vector;
    }

    /// <summary>Gets a line by its number in the pair.</summary>
    /// <param name="irq">0 to 7 for the master's lines, 8 to 15 for the slave's; the cascade line belongs to the slave chip.</param>
    /// <returns>The line.</returns>
    public ISignal Line(int irq) => irq < LinesPerChip ? master.Line(irq) : slave.Line(irq - LinesPerChip);
}
