using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that an 8254 remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Pit8254State
{
    /// <summary>Gets or sets counter 0.</summary>
    public PitCounterPortState Counter0 { get; set; }

    /// <summary>Gets or sets counter 1.</summary>
    public PitCounterPortState Counter1 { get; set; }

    /// <summary>Gets or sets counter 2.</summary>
    public PitCounterPortState Counter2 { get; set; }
}
