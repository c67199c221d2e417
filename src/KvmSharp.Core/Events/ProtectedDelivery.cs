using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Memory;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;
using KvmSharp.Transfers;

namespace KvmSharp.Events;

/// <summary>Delivery through the IDT, from protected and virtual-8086 mode.</summary>
/// <remarks>Intel SDM Vol. 2A, "INT n", and Vol. 3A, "Exception- or Interrupt-Handler Procedures".</remarks>
internal static unsafe class ProtectedDelivery
{
    private const int EntryBytes = 8;
    private const uint IdtBit = 2; // the error code names an IDT entry
    private const int MostPushes = 10; // from virtual-8086 mode, with an error code
    private const ulong Cleared = Rflags.Trap | Rflags.Virtual8086 | Rflags.Resume | Rflags.NestedTask;

    /// <summary>Delivers an event.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="e">The event.</param>
    /// <param name="returnRip">The address to push.</param>
    /// <returns>Whether it was delivered.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryDeliver(CpuContext* cpu, in PendingEvent e, ulong returnRip)
    {
        if (!TryReadGate(cpu, e, out Gate gate))
        {
            return false;
        }

        return gate.Type == SystemType.TaskGate
            ? TryDeliverToTask(cpu, gate, e, returnRip)
            : TryDeliverToProcedure(cpu, gate, e, returnRip);
    }

    /// <summary>Tests whether the IDT may hold a gate of a type.</summary>
    /// <param name="type">The type.</param>
    /// <returns>Whether it is a task, interrupt or trap gate.</returns>
    public static bool IsEventGate(SystemType type) => type is SystemType.TaskGate
        or SystemType.InterruptGate16 or SystemType.TrapGate16 or SystemType.InterruptGate32 or SystemType.TrapGate32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryReadGate(CpuContext* cpu, in PendingEvent e, out Gate gate)
    {
        gate = default;
        uint at = (uint)e.Vector * EntryBytes;
        uint errorCode = at | IdtBit;
        if (at + EntryBytes - 1 > cpu->State.Idtr.Limit)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, errorCode);
        }

        if (!LinearAccess.TryReadSystem(cpu, (uint)(cpu->State.Idtr.Base + at), out ulong raw))
        {
            return false;
        }

        gate = new Gate(raw);
        if (!IsEventGate(gate.Type) || (EventDelivery.IsSoftware(e) && gate.Dpl < cpu->Cpl))
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, errorCode);
        }

        return gate.IsPresent || Faults.Raise(cpu, Vector.SegmentNotPresent, errorCode);
    }

    private static bool TryDeliverToTask(CpuContext* cpu, Gate gate, in PendingEvent e, ulong returnRip)
    {
        uint? errorCode = e.HasErrorCode != 0 ? e.ErrorCode : null;
        var request = new TaskSwitchRequest(TaskSwitchCause.Call, returnRip, EventDelivery.IsFault(e), errorCode, IsEvent: true);
        return TaskEntry.TryEnter(cpu, gate.Selector, request);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryDeliverToProcedure(CpuContext* cpu, Gate gate, in PendingEvent e, ulong returnRip)
    {
        bool virtual8086 = ProcessorMode.IsVirtual8086(cpu);
        if (!TryFindTarget(cpu, gate, virtual8086, out CodeTarget target))
        {
            return false;
        }

        int privilege = new Selector(target.Segment.Selector).Rpl;
        SegmentCache segment = cpu->State.Segments[(int)SegmentIndex.Ss];
        Span<ulong> room = stackalloc ulong[MostPushes];
        scoped StackFrame frame;
        if (privilege != cpu->Cpl)
        {
            if (!TaskStacks.TryPrepare(cpu, privilege, out SwitchedStack stack))
            {
                return false;
            }

            segment = stack.Segment;
            frame = StackFrame.On(cpu, stack, gate.Size, room);
            PushOldStack(cpu, ref frame, virtual8086);
        }
        else
        {
            frame = StackFrame.OnPresentStack(cpu, gate.Size, room);
        }

        ulong flags = FlagsRegister.Read(cpu);
        PushReturn(cpu, ref frame, e, flags, returnRip);
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, StackPointer.MaskOf(segment), frame.Pointer);
        cpu->State.Segments[(int)SegmentIndex.Ss] = segment;
        if (virtual8086)
        {
            DropVirtual8086Segments(cpu);
        }

        FlagsRegister.Write(cpu, flags & ~(gate.MasksInterrupts ? Cleared | Rflags.Interrupt : Cleared));
        target.Enter(cpu);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryFindTarget(CpuContext* cpu, Gate gate, bool virtual8086, out CodeTarget target)
    {
        target = default;
        Selector selector = gate.Selector;
        if (!SegmentLoads.TryReadNamed(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        if (!virtual8086 && AcceptedDescriptors.TryRecall(cpu, selector, cpu->Cpl, SegmentUse.Gate, descriptor, out SegmentCache known))
        {
            target = new CodeTarget(known, gate.Offset);
            return target.TryCheckLimit(cpu);
        }

        // From virtual-8086 mode only to level 0; else never outward.
        bool inward = !descriptor.IsConforming && descriptor.Dpl < cpu->Cpl;
        if (!descriptor.IsCode || descriptor.Dpl > cpu->Cpl || (virtual8086 && (!inward || descriptor.Dpl != 0)))
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        Selector entered = selector.WithRpl(inward ? descriptor.Dpl : cpu->Cpl);
        if (!CodeTarget.TryMake(cpu, entered, descriptor, gate.Offset, out target))
        {
            return false;
        }

        AcceptedDescriptors.Keep(cpu, selector, cpu->Cpl, SegmentUse.Gate, descriptor, target.Segment);
        return true;
    }

    private static void PushOldStack(CpuContext* cpu, ref StackFrame frame, bool virtual8086)
    {
        if (virtual8086)
        {
            ReadOnlySpan<SegmentIndex> order = [SegmentIndex.Gs, SegmentIndex.Fs, SegmentIndex.Ds, SegmentIndex.Es];
            foreach (SegmentIndex segment in order)
            {
                frame.Push(cpu->State.Segments[(int)segment].Selector);
            }
        }

        frame.Push(cpu->State.Segments[(int)SegmentIndex.Ss].Selector);
        frame.Push(cpu->State.General[GeneralRegisterFile.Rsp]);
    }

    private static void PushReturn(CpuContext* cpu, ref StackFrame frame, in PendingEvent e, ulong flags, ulong returnRip)
    {
        frame.Push(EventDelivery.IsFault(e) ? flags | Rflags.Resume : flags);
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (e.HasErrorCode != 0)
        {
            frame.Push(e.ErrorCode);
        }
    }

    // A paragraph number means nothing to the handler.
    private static void DropVirtual8086Segments(CpuContext* cpu)
    {
        ReadOnlySpan<SegmentIndex> data = [SegmentIndex.Es, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs];
        foreach (SegmentIndex segment in data)
        {
            ref SegmentCache cache = ref cpu->State.Segments[(int)segment];
            cache = LegacySegments.Null(cache, default);
        }
    }
}
