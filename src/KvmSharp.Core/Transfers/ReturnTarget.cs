using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>What RETF and IRET share in protected mode: the way back to the same or an outer privilege level.</summary>
internal static unsafe class ReturnTarget
{
    /// <summary>Checks the code segment that a return goes to: RPL is the new CPL and may not be an inner level. The offset is judged last.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector from the stack.</param>
    /// <param name="offset">The offset from the stack.</param>
    /// <param name="target">The target.</param>
    /// <returns>Whether no fault was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryMake(CpuContext* cpu, Selector selector, ulong offset, out CodeTarget target)
    {
        target = default;
        if (!SegmentLoads.TryReadNamed(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        if (AcceptedDescriptors.TryRecall(cpu, selector, cpu->Cpl, SegmentUse.Return, descriptor, out SegmentCache known))
        {
            target = new CodeTarget(known, offset);
            return true;
        }

        bool matches = descriptor.IsConforming ? descriptor.Dpl <= selector.Rpl : descriptor.Dpl == selector.Rpl;
        if (!descriptor.IsCode || selector.Rpl < cpu->Cpl || !matches)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        if (!CodeTarget.TryMakeUnchecked(cpu, selector, descriptor, offset, out target))
        {
            return false;
        }

        AcceptedDescriptors.Keep(cpu, selector, cpu->Cpl, SegmentUse.Return, descriptor, target.Segment);
        return true;
    }

    /// <summary>Reads and checks the stack that lies on the present one, as for an outer level: the pointer, then SS.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="distance">Bytes from the top of the stack to the saved ESP.</param>
    /// <param name="size">The operand size.</param>
    /// <param name="target">The code that is returned to; its RPL is the stack's level.</param>
    /// <param name="stack">The stack.</param>
    /// <returns>Whether no fault was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryReadStack(CpuContext* cpu, uint distance, int size, in CodeTarget target, out SwitchedStack stack)
    {
        stack = default;
        if (!StackPointer.TryPeek(cpu, distance, size, out ulong pointer)
            || !StackPointer.TryPeek(cpu, distance + (uint)size, size, out ulong value))
        {
            return false;
        }

        int privilege = new Selector(target.Segment.Selector).Rpl;
        var selector = new Selector((ushort)value);
        if (selector.IsNull && selector.Rpl == privilege && privilege < 3 && target.IsLong(cpu))
        {
            stack = new SwitchedStack(LegacySegments.NullStack(selector, privilege), pointer);
            return true;
        }

        bool done = SegmentLoads.TryPrepareStack(cpu, selector, privilege, Vector.GeneralProtection, out SegmentCache segment);
        stack = new SwitchedStack(segment, pointer);
        return done;
    }

    /// <summary>Goes to code with its own stack, mostly of an outer level, which keeps no data segments that it may not see.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="released">Bytes of parameters to remove from it.</param>
    /// <param name="target">The code.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EnterOuter(CpuContext* cpu, in SwitchedStack stack, uint released, in CodeTarget target)
    {
        ulong mask = target.IsLong(cpu) ? ulong.MaxValue : StackPointer.MaskOf(stack.Segment);
        StackPointer.Set(cpu, mask, stack.Pointer + released);
        cpu->State.Segments[(int)SegmentIndex.Ss] = stack.Segment;
        if (stack.Segment.Dpl != cpu->Cpl)
        {
            SegmentLoads.DropInaccessible(cpu, stack.Segment.Dpl);
        }

        target.Enter(cpu);
    }
}
