using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the keyboard remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Ps2KeyboardState
{
    /// <summary>Gets or sets answers to commands that wait to be sent; they go before scan codes.</summary>
    public ByteFifo Replies { get; set; }

    /// <summary>Gets or sets scan codes that wait to be sent.</summary>
    public ByteFifo ScanCodes { get; set; }

    /// <summary>Gets or sets the command that waits for its parameter; 0 for none.</summary>
    public byte Command { get; set; }

    /// <summary>Gets or sets the byte that was sent last, for the resend command.</summary>
    public byte LastSent { get; set; }

    /// <summary>Gets or sets the scan code set, 1 or 2.</summary>
    public byte ScanCodeSet { get; set; }

    /// <summary>Gets or sets the lights: bit 0 scroll lock, bit 1 num lock, bit 2 caps lock.</summary>
    public byte Lights { get; set; }

    /// <summary>Gets or sets the typematic rate and delay as written.</summary>
    public byte Typematic { get; set; }

    /// <summary>Gets or sets a value indicating whether keys are scanned.</summary>
    public bool Scanning { get; set; }
}
