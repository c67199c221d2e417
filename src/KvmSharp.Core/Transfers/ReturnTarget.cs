using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>What RETF and IRET share in protected mode: the way back to the same or an outer privilege level.</summary>
internal static unsafe class ReturnTarget
{
    /// <summary>Checks the code segment that a return goes to: RPL is the new CPL and may not be an inner level.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector from the stack.</param>
    /// <param name="offset">The offset from the stack.</param>
    /// <param name="target">The target.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryMake(CpuContext* cpu, Selector selector, ulong offset, out CodeTarget target)
    {
        target = default;
        if (!SegmentLoads.TryReadCode(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        bool matches = descriptor.IsConforming ? descriptor.Dpl <= selector.Rpl : descriptor.Dpl == selector.Rpl;
        if (selector.Rpl < cpu->Cpl || !matches)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        return CodeTarget.TryMake(cpu, selector, descriptor, offset, out target);
    }

    /// <summary>Reads and checks the stack of an outer level, which lies on the present stack: ESP, then SS.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="distance">Bytes from the top of the stack to the saved ESP.</param>
    /// <param name="size">The operand size.</param>
    /// <param name="privilege">The outer level.</param>
    /// <param name="stack">The stack.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryReadStack(CpuContext* cpu, uint distance, int size, int privilege, out SwitchedStack stack)
    {
        stack = default;
        if (!StackPointer.TryPeek(cpu, distance, size, out ulong pointer)
            || !StackPointer.TryPeek(cpu, distance + (uint)size, size, out ulong selector)
            || !SegmentLoads.TryPrepareStack(
                cpu, new Selector((ushort)selector), privilege, Vector.GeneralProtection, out SegmentCache segment))
        {
            return false;
        }

        stack = new SwitchedStack(segment, pointer);
        return true;
    }

    /// <summary>Goes to an outer level: its stack, no data segments it may not see, its code.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="released">Bytes of parameters to remove from it.</param>
    /// <param name="target">The code.</param>
    public static void EnterOuter(CpuContext* cpu, in SwitchedStack stack, uint released, in CodeTarget target)
    {
        StackPointer.Set(cpu, stack.Segment, stack.Pointer + released);
        cpu->State.Segments[(int)SegmentIndex.Ss] = stack.Segment;
        SegmentLoads.DropInaccessible(cpu, stack.Segment.Dpl);
        target.Enter(cpu);
    }
}
