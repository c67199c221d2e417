namespace KvmSharp.Machines;

/// <summary>One range of guest-physical addresses that is RAM.</summary>
/// <param name="Start">The first address; page aligned.</param>
/// <param name="Length">The length in bytes; whole pages.</param>
public readonly record struct RamRange(ulong Start, ulong Length);
