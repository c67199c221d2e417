using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Segmentation;

/// <summary>Remembers what loads of descriptors came to, for kernels load the same few again and again.</summary>
/// <remarks>
/// A descriptor is read from its table every time. When its bytes, its selector, the privilege and the use are those of a load that passed
/// all checks, so does this one, and the register becomes the same: nothing else goes into the decision. Only descriptors that are
/// marked as accessed are kept, so that nothing is left to write.
/// </remarks>
internal static unsafe class AcceptedDescriptors
{
    private const int Indexes = 16;
    private const int SelectorBits = 16;
    private const int PrivilegeShift = SelectorBits;
    private const int UseShift = PrivilegeShift + 2;
    private const int LongShift = UseShift + 3;

    /// <summary>Looks a descriptor up.</summary>
    /// <param name="cpu">The processor, in protected mode.</param>
    /// <param name="selector">Its selector.</param>
    /// <param name="privilege">The level that the load is judged for.</param>
    /// <param name="use">What for.</param>
    /// <param name="descriptor">What was read.</param>
    /// <param name="cache">What the register becomes.</param>
    /// <returns>Whether it was accepted before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRecall(CpuContext* cpu, Selector selector, int privilege, SegmentUse use, Descriptor descriptor, out SegmentCache cache)
    {
        ref AcceptedDescriptor place = ref PlaceOf(cpu, selector, privilege, use);
        cache = place.Cache;
        return place.Raw == descriptor.Raw && place.Key == KeyOf(cpu, selector, privilege, use);
    }

    /// <summary>Keeps a descriptor that was accepted.</summary>
    /// <param name="cpu">The processor, in protected mode.</param>
    /// <param name="selector">Its selector.</param>
    /// <param name="privilege">The level that the load was judged for.</param>
    /// <param name="use">What for.</param>
    /// <param name="descriptor">What was read.</param>
    /// <param name="cache">What the register becomes.</param>
    public static void Keep(CpuContext* cpu, Selector selector, int privilege, SegmentUse use, Descriptor descriptor, in SegmentCache cache)
    {
        if (descriptor.IsAccessed)
        {
            ref AcceptedDescriptor place = ref PlaceOf(cpu, selector, privilege, use);
            place.Raw = descriptor.Raw;
            place.Key = KeyOf(cpu, selector, privilege, use);
            place.Cache = cache;
        }
    }

    private static ref AcceptedDescriptor PlaceOf(CpuContext* cpu, Selector selector, int privilege, SegmentUse use)
    {
        int place = ((selector.Value >> 3) & (Indexes - 1)) | ((int)use << 4) | (privilege == 0 ? 0 : AcceptedDescriptorTable.Count / 2);
        return ref Unsafe.Add(ref Unsafe.As<AcceptedDescriptorTable, AcceptedDescriptor>(ref cpu->AcceptedDescriptors), place);
    }

    // Never 0, which is what an empty place has: there is no use 0. Long mode refuses some code segments.
    private static uint KeyOf(CpuContext* cpu, Selector selector, int privilege, SegmentUse use) =>
        selector.Value
        | ((uint)privilege << PrivilegeShift)
        | ((uint)use << UseShift)
        | ((cpu->Mode & CodeMode.LongMode) != 0 ? 1u << LongShift : 0);
}

/// <summary>What a descriptor is loaded for: each has checks of its own.</summary>
internal enum SegmentUse
{
    /// <summary>ES, DS, FS or GS.</summary>
    Data = 1,

    /// <summary>SS.</summary>
    Stack,

    /// <summary>CS, by a return.</summary>
    Return,

    /// <summary>CS, through an interrupt or trap gate.</summary>
    Gate,
}

/// <summary>One descriptor and what it was accepted for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AcceptedDescriptor
{
    public ulong Raw;
    public uint Key;
    public SegmentCache Cache;
}

/// <summary>Sixteen for each use, and again for the levels above 0.</summary>
[InlineArray(Count)]
internal struct AcceptedDescriptorTable
{
    /// <summary>Places in the table.</summary>
    public const int Count = 2 * 8 * 16;

    private AcceptedDescriptor _first;
}
