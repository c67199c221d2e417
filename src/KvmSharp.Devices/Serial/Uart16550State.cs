using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a 16550 remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Uart16550State
{
    /// <summary>Gets or sets the interrupt enable register (IER).</summary>
    public byte InterruptEnable { get; set; }

    /// <summary>Gets or sets the FIFO control register (FCR) without its self-clearing bits.</summary>
    public byte FifoControl { get; set; }

    /// <summary>Gets or sets the line control register (LCR).</summary>
    public byte LineControl { get; set; }

    /// <summary>Gets or sets the modem control register (MCR).</summary>
    public byte ModemControl { get; set; }

    /// <summary>Gets or sets the delta bits of the modem status register (MSR bits 0 to 3).</summary>
    public byte ModemDeltas { get; set; }

    /// <summary>Gets or sets the scratch register (SCR).</summary>
    public byte Scratch { get; set; }

    /// <summary>Gets or sets the divisor latch (DLM and DLL).</summary>
    public ushort Divisor { get; set; }

    /// <summary>Gets or sets the received bytes: the FIFO, or one byte in character mode.</summary>
    public ByteFifo Received { get; set; }

    /// <summary>Gets or sets a value indicating whether a byte was lost since LSR was read (OE).</summary>
    public bool Overrun { get; set; }

    /// <summary>Gets or sets a value indicating whether the transmitter-empty interrupt is pending.</summary>
    public bool TransmitterEmptyPending { get; set; }

    /// <summary>Gets or sets a value indicating whether the character timeout is pending.</summary>
    public bool TimeoutPending { get; set; }

    /// <summary>Gets or sets the virtual time at which the character timeout comes unless a byte moves before.</summary>
    public long TimeoutDue { get; set; }

    /// <summary>Gets or sets a value indicating whether the guest has looked at the receiver since it last cleared it.</summary>
    public bool ReceiverOpen { get; set; }
}
