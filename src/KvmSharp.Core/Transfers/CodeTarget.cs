using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>Where a far transfer goes: a code segment that has passed all checks, and an offset within its limit.</summary>
/// <param name="Segment">What CS becomes.</param>
/// <param name="Offset">What RIP becomes.</param>
internal readonly unsafe record struct CodeTarget(SegmentCache Segment, ulong Offset)
{
    /// <summary>Tells whether the target is 64-bit code.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether the processor is in long mode and the segment has L set.</returns>
    public bool IsLong(CpuContext* cpu) => ProcessorMode.IsLong(cpu) && Segment.IsLong;

    /// <summary>Prepares a target in real or virtual-8086 mode.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The paragraph number.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="target">The target.</param>
    /// <returns>Whether the offset is within the limit; else #GP(0) was raised.</returns>
    public static bool TryMakeUnprotected(CpuContext* cpu, ushort selector, ulong offset, out CodeTarget target)
    {
        target = new CodeTarget(SegmentLoads.PrepareUnprotected(cpu, SegmentIndex.Cs, selector), offset);
        return target.TryCheckLimit(cpu);
    }

    /// <summary>Prepares a target in protected mode whose privileges the caller has checked: present, accessed, within its limit.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector, with the new CPL as RPL.</param>
    /// <param name="descriptor">Its descriptor, known to be code.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="target">The target.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryMake(CpuContext* cpu, Selector selector, Descriptor descriptor, ulong offset, out CodeTarget target) =>
        TryMakeUnchecked(cpu, selector, descriptor, offset, out target) && target.TryCheckLimit(cpu);

    /// <summary>Prepares a target in protected mode like <see cref="TryMake"/>, but leaves the offset to <see cref="TryCheckLimit"/>: a return judges it last.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector, with the new CPL as RPL.</param>
    /// <param name="descriptor">Its descriptor, known to be code.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="target">The target.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryMakeUnchecked(CpuContext* cpu, Selector selector, Descriptor descriptor, ulong offset, out CodeTarget target)
    {
        if (ProcessorMode.IsLong(cpu) && descriptor.IsLong && descriptor.IsBig)
        {
            target = default;
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode); // L and D together are reserved
        }

        bool done = SegmentLoads.TryFinish(cpu, selector, descriptor, Vector.SegmentNotPresent, out SegmentCache segment);
        target = new CodeTarget(segment, offset);
        return done;
    }

    /// <summary>Goes there. The stack and the flags must be set before: the mode is derived anew here.</summary>
    /// <param name="cpu">The processor.</param>
    public void Enter(CpuContext* cpu)
    {
        cpu->State.Segments[(int)SegmentIndex.Cs] = Segment;
        cpu->State.Rip = Offset;
        cpu->Engine.UpdateMode();
    }

    /// <summary>Checks the offset against the limit; 64-bit code has none, but RIP must be canonical.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether it is allowed; else #GP(0) was raised.</returns>
    public bool TryCheckLimit(CpuContext* cpu) =>
        (IsLong(cpu) ? Canonical.Is(Offset) : Offset <= Segment.Limit) || Faults.GeneralProtection(cpu);
}
