namespace KvmSharp.Tests;

/// <summary>What the tests that nothing is allocated measure with.</summary>
internal static class AllocatedBytes
{
    private const int Rounds = 5;

    /// <summary>
    /// The least that one of several rounds allocated on this thread, in bytes. A collection that another thread's test causes in the middle of a round
    /// throws away what was left of this thread's allocation context and counts it as used; code that allocates does so in every round.
    /// </summary>
    /// <param name="round">One round, of a kind that was run before.</param>
    public static long Least(Action round)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Rounds && least != 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
