using System.Runtime.CompilerServices;

namespace KvmSharp.Memory;

/// <summary>The host's compare-and-swap at every width.</summary>
internal static unsafe class HostAtomic
{
    /// <summary>Stores a value if memory still holds the expected one.</summary>
    /// <typeparam name="T">A type of 1, 2, 4 or 8 bytes.</typeparam>
    /// <param name="place">The host address; the value does not cross a cache line.</param>
    /// <param name="expected">What must be there.</param>
    /// <param name="replacement">What shall be there.</param>
    /// <returns>Whether it was stored.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReplace<T>(T* place, T expected, T replacement)
        where T : unmanaged => sizeof(T) switch
        {
            1 => Interlocked.CompareExchange(ref *(byte*)place, *(byte*)&replacement, *(byte*)&expected) == *(byte*)&expected,
            2 => Interlocked.CompareExchange(ref *(ushort*)place, *(ushort*)&replacement, *(ushort*)&expected) == *(ushort*)&expected,
            4 => Interlocked.CompareExchange(ref *(uint*)place, *(uint*)&replacement, *(uint*)&expected) == *(uint*)&expected,
            _ => Interlocked.CompareExchange(ref *(ulong*)place, *(ulong*)&replacement, *(ulong*)&expected) == *(ulong*)&expected,
        };
}
