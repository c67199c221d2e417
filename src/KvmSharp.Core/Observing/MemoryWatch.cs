using KvmSharp.Memory;

namespace KvmSharp.Observing;

/// <summary>The ranges of guest-physical memory whose accesses somebody wants to see. Their pages get no TLB entries, so every access to them comes by the slow path.</summary>
/// <param name="ranges">The ranges.</param>
internal sealed class MemoryWatch(ObservedRange[] ranges)
{
    public IReadOnlyList<ObservedRange> Ranges => ranges;

    /// <summary>Tells whether a page may not be in the TLB.</summary>
    /// <param name="physical">Any address in the page.</param>
    /// <returns>Whether a range reaches into it.</returns>
    public bool WatchesPage(ulong physical) => Touches(physical & ~(ulong)GuestPage.OffsetMask, GuestPage.Size);

    /// <summary>Tells whether an access is to be told.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <returns>Whether one of them is watched.</returns>
    public bool Touches(ulong physical, int size)
    {
        foreach (ObservedRange range in ranges)
        {
            if (physical - range.Start < range.Length || range.Start - physical < (uint)size)
            {
                return true;
            }
        }

        return false;
    }
}
