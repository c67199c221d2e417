using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Memory;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;
using KvmSharp.Transfers;

namespace KvmSharp.Events;

/// <summary>Delivery in long mode, from 64-bit and compatibility mode. Intel SDM Vol. 3A, "Exception and Interrupt Handling in 64-bit Mode".</summary>
/// <remarks>
/// Handlers are 64-bit code. SS:RSP is always pushed, from a stack pointer aligned down to 16 bytes, eight bytes each:
/// <code>
/// SS, RSP, RFLAGS, CS, RIP, error code if there is one
/// </code>
/// A change of privilege leaves a null selector in SS. The stack is RSPn of the TSS, or the one that the gate's IST field names.
/// </remarks>
internal static unsafe class LongModeDelivery
{
    private const int EntryBytes = 16;
    private const uint IdtBit = 2; // the error code names an IDT entry
    private const ulong StackAlignment = 16;
    private const int MostPushes = 6;
    private const ulong Cleared = Rflags.Trap | Rflags.Virtual8086 | Rflags.Resume | Rflags.NestedTask;

    /// <summary>Delivers an event.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="e">The event.</param>
    /// <param name="returnRip">The address to push.</param>
    /// <returns>Whether it was delivered.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryDeliver(CpuContext* cpu, in PendingEvent e, ulong returnRip)
    {
        if (!TryReadGate(cpu, e, out LongGate gate) || !TryFindTarget(cpu, gate, out CodeTarget target))
        {
            return false;
        }

        int privilege = target.Segment.Selector & 3;
        bool inward = privilege != cpu->Cpl;
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if ((inward || gate.InterruptStack != 0) && !TaskStacks.TryReadLong(cpu, privilege, gate.InterruptStack, out pointer))
        {
            return false;
        }

        ulong flags = FlagsRegister.Read(cpu);
        var frame = StackFrame.OnLongStack(cpu, pointer & ~(StackAlignment - 1), privilege, stackalloc ulong[MostPushes]);
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Ss].Selector);
        frame.Push(cpu->State.General[GeneralRegisterFile.Rsp]);
        frame.Push(EventDelivery.IsFault(e) ? flags | Rflags.Resume : flags);
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (e.HasErrorCode != 0)
        {
            frame.Push(e.ErrorCode);
        }

        if (!frame.TryWrite())
        {
            return false;
        }

        if (inward)
        {
            cpu->State.Segments[(int)SegmentIndex.Ss] = LegacySegments.NullStack(new Selector((ushort)privilege), privilege);
        }

        StackPointer.Set(cpu, ulong.MaxValue, frame.Pointer);
        FlagsRegister.Write(cpu, flags & ~(gate.MasksInterrupts ? Cleared | Rflags.Interrupt : Cleared));
        target.Enter(cpu);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryReadGate(CpuContext* cpu, in PendingEvent e, out LongGate gate)
    {
        gate = default;
        uint at = (uint)e.Vector * EntryBytes;
        uint errorCode = ((uint)e.Vector * sizeof(ulong)) | IdtBit;
        if (at + EntryBytes - 1 > cpu->State.Idtr.Limit)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, errorCode);
        }

        if (!LinearAccess.TryReadSystem(cpu, cpu->State.Idtr.Base + at, out ulong lower)
            || !LinearAccess.TryReadSystem(cpu, cpu->State.Idtr.Base + at + sizeof(ulong), out ulong upper))
        {
            return false;
        }

        gate = new LongGate(lower, upper);
        bool known = gate.Type is SystemType.InterruptGate32 or SystemType.TrapGate32;
        if (!known || (EventDelivery.IsSoftware(e) && gate.Dpl < cpu->Cpl))
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, errorCode);
        }

        return gate.IsPresent || Faults.Raise(cpu, Vector.SegmentNotPresent, errorCode);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryFindTarget(CpuContext* cpu, LongGate gate, out CodeTarget target)
    {
        target = default;
        Selector selector = gate.Selector;
        if (!SegmentLoads.TryReadNamed(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        if (AcceptedDescriptors.TryRecall(cpu, selector, cpu->Cpl, SegmentUse.Gate, descriptor, out SegmentCache known))
        {
            target = new CodeTarget(known, gate.Offset);
            return target.TryCheckLimit(cpu);
        }

        if (!descriptor.IsCode || descriptor.Dpl > cpu->Cpl || !descriptor.IsLong || descriptor.IsBig)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        int privilege = descriptor.IsConforming ? cpu->Cpl : descriptor.Dpl;
        if (!CodeTarget.TryMake(cpu, selector.WithRpl(privilege), descriptor, gate.Offset, out target))
        {
            return false;
        }

        AcceptedDescriptors.Keep(cpu, selector, cpu->Cpl, SegmentUse.Gate, descriptor, target.Segment);
        return true;
    }
}
