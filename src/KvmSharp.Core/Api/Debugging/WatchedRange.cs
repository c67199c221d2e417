namespace KvmSharp;

/// <summary>An address breakpoint of any length, of which there may be any number: a processor in software is not bound to four registers.</summary>
/// <param name="Address">The first linear address.</param>
/// <param name="Length">Bytes, at least 1; exactly 1 with <see cref="WatchedAccess.Execute"/>, which stands for the start of an instruction. The range does not wrap.</param>
/// <param name="Accesses">What stops the guest.</param>
public readonly record struct WatchedRange(ulong Address, ulong Length, WatchedAccess Accesses)
{
    /// <summary>Makes a breakpoint on an instruction.</summary>
    /// <param name="address">The linear address of its first byte.</param>
    /// <returns>The range.</returns>
    public static WatchedRange Code(ulong address) => new(address, 1, WatchedAccess.Execute);

    /// <summary>Tells whether an access reaches the range.</summary>
    /// <param name="address">The first linear address of the access.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>Whether they have a byte in common.</returns>
    public bool Touches(ulong address, ulong length) => address - Address < Length || Address - address < length;
}

/// <summary>Accesses that a <see cref="WatchedRange"/> looks for. Unlike debug registers it tells loads alone, too.</summary>
[Flags]
public enum WatchedAccess : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An instruction begins here: stops before it. Not together with the others.</summary>
    Execute = 1,

    /// <summary>Loads, not fetches: stops behind the instruction.</summary>
    Read = 2,

    /// <summary>Stores: stops behind the instruction.</summary>
    Write = 4,
}
