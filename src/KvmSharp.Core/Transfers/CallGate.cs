using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;

namespace KvmSharp.Transfers;

/// <summary>JMP and CALL through a call gate. Intel SDM Vol. 3A, "Accessing a Code Segment Through a Call Gate".</summary>
internal static unsafe class CallGate
{
    /// <summary>Goes through a gate that the program may use and that is present.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="gate">The gate.</param>
    /// <param name="call">Whether it is a CALL: only that may gain privilege.</param>
    /// <param name="returnRip">The address behind the instruction.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryEnter(CpuContext* cpu, Gate gate, bool call, ulong returnRip)
    {
        Selector selector = gate.Selector;
        if (!SegmentLoads.TryReadCode(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        bool mayDiffer = call || descriptor.IsConforming;
        bool allowed = mayDiffer ? descriptor.Dpl <= cpu->Cpl : descriptor.Dpl == cpu->Cpl;
        if (!allowed)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        bool inward = !descriptor.IsConforming && descriptor.Dpl < cpu->Cpl;
        int privilege = inward ? descriptor.Dpl : cpu->Cpl;
        if (!CodeTarget.TryMake(cpu, selector.WithRpl(privilege), descriptor, gate.Offset, out CodeTarget target))
        {
            return false;
        }

        return inward
            ? TryEnterInner(cpu, gate, target, privilege, returnRip)
            : FarBranch.TryEnter(cpu, target, call, gate.Size, returnRip);
    }

    /// <summary>Goes through a gate of long mode: to 64-bit code, with 8-byte pushes and no parameters.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="gateSelector">The gate's selector.</param>
    /// <param name="lower">The first half of the gate.</param>
    /// <param name="call">Whether it is a CALL.</param>
    /// <param name="returnRip">The address behind the instruction.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryEnterLong(CpuContext* cpu, Selector gateSelector, Descriptor lower, bool call, ulong returnRip)
    {
        if (!DescriptorTables.TryReadUpper(cpu, gateSelector, out ulong upper))
        {
            return false;
        }

        var gate = new LongGate(lower.Raw, upper);
        Selector selector = gate.Selector;
        if (!SegmentLoads.TryReadCode(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        bool mayDiffer = call || descriptor.IsConforming;
        bool allowed = mayDiffer ? descriptor.Dpl <= cpu->Cpl : descriptor.Dpl == cpu->Cpl;
        if (!allowed || !descriptor.IsLong || descriptor.IsBig)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        bool inward = !descriptor.IsConforming && descriptor.Dpl < cpu->Cpl;
        int privilege = inward ? descriptor.Dpl : cpu->Cpl;
        return CodeTarget.TryMake(cpu, selector.WithRpl(privilege), descriptor, gate.Offset, out CodeTarget target)
            && TryEnterLong(cpu, target, call, privilege, returnRip);
    }

    private static bool TryEnterLong(CpuContext* cpu, in CodeTarget target, bool call, int privilege, ulong returnRip)
    {
        if (!call)
        {
            target.Enter(cpu);
            return true;
        }

        bool inward = privilege != cpu->Cpl;
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (inward && !TaskStacks.TryReadLong(cpu, privilege, interruptStack: 0, out pointer))
        {
            return false;
        }

        var frame = StackFrame.OnLongStack(cpu, pointer, privilege, stackalloc ulong[4]);
        if (inward)
        {
            frame.Push(cpu->State.Segments[(int)SegmentIndex.Ss].Selector);
            frame.Push(cpu->State.General[GeneralRegisterFile.Rsp]);
        }

        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (!frame.TryWrite())
        {
            return false;
        }

        if (inward)
        {
            cpu->State.Segments[(int)SegmentIndex.Ss] = LegacySegments.NullStack(new Selector((ushort)privilege), privilege);
        }

        StackPointer.Set(cpu, ulong.MaxValue, frame.Pointer);
        target.Enter(cpu);
        return true;
    }

    // The inner stack: old SS, old ESP, the parameters as they lay on the old stack, CS, EIP.
    private static bool TryEnterInner(CpuContext* cpu, Gate gate, in CodeTarget target, int privilege, ulong returnRip)
    {
        if (!TaskStacks.TryPrepare(cpu, privilege, out SwitchedStack stack))
        {
            return false;
        }

        var frame = StackFrame.On(cpu, stack, gate.Size, stackalloc ulong[4 + gate.ParameterCount]);
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Ss].Selector);
        frame.Push(cpu->State.General[GeneralRegisterFile.Rsp]);
        for (int i = gate.ParameterCount - 1; i >= 0; i--)
        {
            if (!StackPointer.TryPeek(cpu, (uint)(i * gate.Size), gate.Size, out ulong parameter))
            {
                return false;
            }

            frame.Push(parameter);
        }

        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, StackPointer.MaskOf(stack.Segment), frame.Pointer);
        cpu->State.Segments[(int)SegmentIndex.Ss] = stack.Segment;
        target.Enter(cpu);
        return true;
    }
}
