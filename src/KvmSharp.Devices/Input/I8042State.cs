using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the keyboard controller and its keyboard remember.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct I8042State
{
    /// <summary>Gets or sets the command byte (byte 0 of the controller's RAM).</summary>
    public byte CommandByte { get; set; }

    /// <summary>Gets or sets bits 0 to 3 of the output port: bit 1 is the A20 gate.</summary>
    public byte OutputPort { get; set; }

    /// <summary>Gets or sets the controller command that waits for a byte at the data port; 0 for none.</summary>
    public byte Command { get; set; }

    /// <summary>Gets or sets a value indicating whether the last byte written went to the command port (status bit 3).</summary>
    public bool CommandWrittenLast { get; set; }

    /// <summary>Gets or sets the output buffer.</summary>
    public byte OutputBuffer { get; set; }

    /// <summary>Gets or sets whose byte the output buffer holds.</summary>
    public OutputBufferSource OutputBufferSource { get; set; }

    /// <summary>Gets or sets answers of the controller that wait for the output buffer.</summary>
    public ByteFifo Replies { get; set; }

    /// <summary>Gets or sets the byte of the mouse port that waits for the output buffer.</summary>
    public byte AuxiliaryByte { get; set; }

    /// <summary>Gets or sets what <see cref="AuxiliaryByte"/> is; <see cref="OutputBufferSource.None"/> when none waits.</summary>
    public OutputBufferSource AuxiliarySource { get; set; }

    /// <summary>Gets or sets a value indicating whether translation has met a break prefix whose key code is still to come.</summary>
    public bool BreakPrefix { get; set; }

    /// <summary>Gets or sets the keyboard.</summary>
    public Ps2KeyboardState Keyboard { get; set; }
}

/// <summary>Where the byte in the output buffer came from: it decides status bits 5 and 6 and the interrupt line.</summary>
public enum OutputBufferSource : byte
{
    /// <summary>The output buffer is empty.</summary>
    None,

    /// <summary>The keyboard, or the controller itself.</summary>
    Keyboard,

    /// <summary>The mouse port.</summary>
    Auxiliary,

    /// <summary>The mouse port, where nobody answered in time.</summary>
    AuxiliaryTimeout,
}
