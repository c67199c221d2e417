using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The sixteen interrupt lines of the ISA bus. Several outputs may share one; it is asserted while any of them is.</summary>
/// <remarks>
/// Each line leads to the pair of 8259As and, in a machine that has one, to the IO-APIC: to the pin of its own number, but line 0 to pin 2,
/// since the pair's own output has pin 0 on a PC (Intel MultiProcessor Specification 1.4, "Assignment of I/O Interrupts").
/// </remarks>
internal sealed class IsaLines
{
    private const int Count = 16;

    private readonly OrGate[] _lines = new OrGate[Count];

    /// <param name="pics">The pair of 8259As.</param>
    /// <param name="ioApic">The IO-APIC, if there is one.</param>
    public IsaLines(PicPair pics, IoApic? ioApic)
    {
        for (int irq = 0; irq < Count; irq++)
        {
            ISignal pic = irq == PcLayout.CascadeIrq ? OpenWire.Instance : pics.Line(irq);
            bool reachesIoApic = ioApic is not null && irq != PcLayout.CascadeIrq;
            _lines[irq] = new OrGate(reachesIoApic ? new Fork(pic, ioApic!.Pin(PcLayout.IoApicPin(irq))) : pic);
        }
    }

    /// <summary>Connects one more output to a line.</summary>
    /// <param name="irq">0 to 15; line 2 is the cascade's and leads nowhere.</param>
    /// <returns>The wire for the output to drive.</returns>
    public ISignal Connect(int irq) => _lines[irq].AddInput();

    /// <summary>Connects one more output to every line.</summary>
    /// <returns>The wires, by line.</returns>
    public IReadOnlyList<ISignal> ConnectAll() => [.. _lines.Select(line => line.AddInput())];
}
