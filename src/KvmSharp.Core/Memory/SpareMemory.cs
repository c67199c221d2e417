using System.Collections.Concurrent;

namespace KvmSharp.Memory;

/// <summary>Small mappings that a machine has given back, for the next machine: to clear one costs less than to unmap it, map another and fault its pages in.</summary>
/// <remarks>Tests make machines by the thousand. Large mappings stay out, of which a machine touches little. Any thread, the finalizer's too.</remarks>
internal static unsafe class SpareMemory
{
    private const int LargestPages = 32; // 128 KiB
    private const int MostOfASize = 64;  // bounds what is kept; one machine has some 15 of the most frequent size

    private static readonly ConcurrentStack<nint>[] BySize = CreateStacks();

    /// <summary>Takes a mapping.</summary>
    /// <param name="size">Its size in bytes, a multiple of a page.</param>
    /// <param name="address">Its first byte, all of it zero.</param>
    /// <returns>Whether there was one.</returns>
    public static bool TryTake(nuint size, out nint address)
    {
        address = 0;
        if (!IsKept(size) || !StackFor(size).TryPop(out address))
        {
            return false;
        }

        new Span<byte>((void*)address, (int)size).Clear();
        return true;
    }

    /// <summary>Keeps a mapping that nobody uses any more.</summary>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="address">Its first byte.</param>
    /// <returns>Whether it is kept; else it is to be unmapped.</returns>
    public static bool TryKeep(nuint size, nint address)
    {
        if (!IsKept(size) || StackFor(size).Count >= MostOfASize)
        {
            return false;
        }

        StackFor(size).Push(address);
        return true;
    }

    private static bool IsKept(nuint size) => size <= LargestPages * GuestPage.Size;

    private static ConcurrentStack<nint> StackFor(nuint size) => BySize[(size >> GuestPage.Shift) - 1];

    private static ConcurrentStack<nint>[] CreateStacks()
    {
        var stacks = new ConcurrentStack<nint>[LargestPages];
        for (int i = 0; i < stacks.Length; i++)
        {
            stacks[i] = [];
        }

        return stacks;
    }
}
