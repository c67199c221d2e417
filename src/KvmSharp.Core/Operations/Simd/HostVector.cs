using System.Runtime.Intrinsics.X86;

namespace KvmSharp.Operations.Simd;

/// <summary>Whether the host's own vector instructions are used where they give the same bits. Off, everything is computed portably.</summary>
internal static class HostVector
{
    /// <summary>Gets or sets a value indicating whether they are used: a test turns them off to see that nothing changes.</summary>
    public static bool IsUsed { get; set; } = true;

    public static bool HasSse2 => Sse2.IsSupported && IsUsed;

    public static bool HasSsse3 => Ssse3.IsSupported && IsUsed;

    public static bool HasAes => System.Runtime.Intrinsics.X86.Aes.IsSupported && IsUsed;

    public static bool HasPclmulqdq => Pclmulqdq.IsSupported && IsUsed;
}
