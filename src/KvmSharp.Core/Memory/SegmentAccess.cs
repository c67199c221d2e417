using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.Memory;

/// <summary>Offsets in segments become linear addresses. Intel SDM Vol. 3A, "Limit Checking" and "Type Checking".</summary>
internal static unsafe class SegmentAccess
{
    /// <summary>Checks an access through a segment and gives its linear address.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The segment, ES to GS.</param>
    /// <param name="offset">The offset, already truncated to the address size.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="linear">The linear address.</param>
    /// <returns><see langword="false"/> when #GP(0), or #SS(0) through SS, was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTranslate(CpuContext* cpu, int segment, ulong offset, int size, bool write, out ulong linear)
    {
        return IsWithinView(cpu, segment, offset, size, write, out linear) || CheckFully(cpu, segment, offset, size, write);
    }

    /// <summary>Gives the linear address when the quick bounds allow the access, and else does nothing.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The segment, ES to GS.</param>
    /// <param name="offset">The offset, already truncated to the address size.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="write">Whether it stores.</param>
    /// <param name="linear">The linear address.</param>
    /// <returns>Whether the bounds allow it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsWithinView(CpuContext* cpu, int segment, ulong offset, int size, bool write, out ulong linear)
    {
        ref SegmentView view = ref cpu->Views[segment];
        linear = (view.Base + offset) & cpu->LinearMask;
        return offset + (uint)(size - 1) < (write ? view.WriteEnd : view.ReadEnd);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool CheckFully(CpuContext* cpu, int segment, ulong offset, int size, bool write)
    {
        if ((cpu->Mode & Engine.CodeMode.Code64) != 0)
        {
            // No limits and no types in 64-bit mode: both ends must be canonical.
            ulong linear = cpu->Views[segment].Base + offset;
            return Canonical.Are(linear, size) || Refuse(cpu, segment);
        }

        ref SegmentCache cache = ref cpu->State.Segments[segment];
        bool real = (cpu->State.Cr0 & Cr0.ProtectionEnable) == 0;
        bool permitted = real || (write ? cache.IsWritable : cache.IsReadable);
        bool allowed = !cache.Unusable && permitted && InLimit(cache, offset, size);
        return allowed || Refuse(cpu, segment);
    }

    /// <summary>Raises what an access that a segment does not allow raises: #SS(0) through SS, else #GP(0).</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The segment.</param>
    /// <returns>Always <see langword="false"/>.</returns>
    internal static bool Refuse(CpuContext* cpu, int segment) =>
        Faults.Raise(cpu, segment == (int)SegmentIndex.Ss ? Vector.StackFault : Vector.GeneralProtection, 0);

    internal static bool InLimit(in SegmentCache cache, ulong offset, int size)
    {
        ulong last = offset + (ulong)size - 1;
        if (!cache.IsExpandDown)
        {
            return last <= cache.Limit;
        }

        ulong top = cache.IsBig ? uint.MaxValue : ushort.MaxValue;
        return offset > cache.Limit && last <= top;
    }
}
