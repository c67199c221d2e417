using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Engine;

/// <summary>One remembered target: linear address, mode and generation to block head.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct JumpCacheEntry
{
    public ulong Linear;

    /// <summary>The <see cref="CodeMode"/>, with the generation of translations above it.</summary>
    public ulong Key;

    public MicroOp* Head;
}

/// <summary>Where indirect jumps, returns and jumps to other pages find their block without a translation.</summary>
internal static unsafe class JumpCache
{
    public const int Entries = 4096;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static JumpCacheEntry* EntryOf(JumpCacheEntry* cache, ulong linear) => cache + ((linear ^ (linear >> 12)) & (Entries - 1));

    public static void Clear(JumpCacheEntry* cache) => NativeMemory.Clear(cache, (nuint)(Entries * sizeof(JumpCacheEntry)));
}
