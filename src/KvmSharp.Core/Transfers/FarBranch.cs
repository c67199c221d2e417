using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;

namespace KvmSharp.Transfers;

/// <summary>JMP and CALL to another segment, a call gate, a task gate or a TSS. Intel SDM Vol. 2A, "CALL" and "JMP".</summary>
internal static unsafe class FarBranch
{
    /// <summary>Makes a micro-op of a far JMP or CALL: a direct one has its offset in Immediate and its selector in Displacement.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <param name="body"><see cref="Jump"/> or <see cref="Call"/>.</param>
    public static void Lower(ref Lowering lowering, delegate*<CpuContext*, MicroOp*, bool> body)
    {
        bool direct = !lowering.HasMemory;
        int size = direct
            ? (lowering.Instruction.Op0Kind == OpKind.FarBranch16 ? sizeof(ushort) : sizeof(uint))
            : lowering.OperandWidth(0) - sizeof(ushort);
        SystemForms.LowerTransfer(ref lowering, body, size);
        if (direct)
        {
            lowering.Op->Immediate = size == sizeof(ushort) ? lowering.Instruction.FarBranch16 : lowering.Instruction.FarBranch32;
            lowering.Op->Displacement = lowering.Instruction.FarBranchSelector;
        }
    }

    /// <summary>JMP far.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool Jump(CpuContext* cpu, MicroOp* op) => TryBranch(cpu, op, call: false);

    /// <summary>CALL far.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool Call(CpuContext* cpu, MicroOp* op) => TryBranch(cpu, op, call: true);

    /// <summary>Goes to a target at the present privilege, for a CALL with the return address pushed.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="target">The target.</param>
    /// <param name="call">Whether it is a CALL.</param>
    /// <param name="size">The size of a push: that of the operand, or of the gate.</param>
    /// <param name="returnRip">The address behind the instruction.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryEnter(CpuContext* cpu, in CodeTarget target, bool call, int size, ulong returnRip)
    {
        if (call)
        {
            var frame = StackFrame.OnPresentStack(cpu, size, stackalloc ulong[2]);
            frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
            frame.Push(returnRip);
            if (!frame.TryWrite())
            {
                return false;
            }

            StackPointer.Set(cpu, cpu->StackMask, frame.Pointer);
        }

        target.Enter(cpu);
        return true;
    }

    private static bool TryBranch(CpuContext* cpu, MicroOp* op, bool call)
    {
        if (!TryReadPointer(cpu, op, out ushort value, out ulong offset))
        {
            return false;
        }

        int size = Operands.Size(op);
        ulong returnRip = GeneralShape.NextRip(cpu, op);
        if (!ProcessorMode.IsProtected(cpu))
        {
            return CodeTarget.TryMakeUnprotected(cpu, value, offset, out CodeTarget target)
                && TryEnter(cpu, target, call, size, returnRip);
        }

        var selector = new Selector(value);
        if (selector.IsNull)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!DescriptorTables.TryRead(cpu, selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        return descriptor.IsCode
            ? TryBranchToCode(cpu, selector, descriptor, offset, call, size, returnRip)
            : TryBranchToSystem(cpu, selector, descriptor, call, returnRip);
    }

    // Without a gate CPL stays: conforming code may be more privileged, other code must be of exactly this level.
    private static bool TryBranchToCode(
        CpuContext* cpu, Selector selector, Descriptor descriptor, ulong offset, bool call, int size, ulong returnRip)
    {
        bool allowed = descriptor.IsConforming
            ? descriptor.Dpl <= cpu->Cpl
            : selector.Rpl <= cpu->Cpl && descriptor.Dpl == cpu->Cpl;
        if (!allowed)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        return CodeTarget.TryMake(cpu, selector.WithRpl(cpu->Cpl), descriptor, offset, out CodeTarget target)
            && TryEnter(cpu, target, call, size, returnRip);
    }

    private static bool TryBranchToSystem(CpuContext* cpu, Selector selector, Descriptor descriptor, bool call, ulong returnRip)
    {
        bool isLong = ProcessorMode.IsLong(cpu);
        bool gate = descriptor.SystemType is SystemType.CallGate16 or SystemType.CallGate32 or SystemType.TaskGate;
        bool known = isLong
            ? descriptor.SystemType == SystemType.CallGate32
            : gate || TaskEntry.IsTask(descriptor, busy: false);
        if (!known || descriptor.Dpl < cpu->Cpl || descriptor.Dpl < selector.Rpl)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        if (!descriptor.IsPresent)
        {
            return Faults.Raise(cpu, Vector.SegmentNotPresent, selector.ErrorCode);
        }

        if (isLong)
        {
            return CallGate.TryEnterLong(cpu, selector, descriptor, call, returnRip);
        }

        if (gate && descriptor.SystemType != SystemType.TaskGate)
        {
            return CallGate.TryEnter(cpu, descriptor.AsGate, call, returnRip);
        }

        Selector task = gate ? descriptor.AsGate.Selector : selector;
        var request = new TaskSwitchRequest(call ? TaskSwitchCause.Call : TaskSwitchCause.Jump, returnRip);
        return TaskEntry.TryEnter(cpu, task, request);
    }

    private static bool TryReadPointer(CpuContext* cpu, MicroOp* op, out ushort selector, out ulong offset)
    {
        if ((op->Traits & MicroOpTraits.Memory) == 0)
        {
            selector = (ushort)op->Displacement;
            offset = (ulong)op->Immediate;
            return true;
        }

        bool done;
        switch (Operands.Size(op))
        {
            case sizeof(ushort):
                done = Operands.TryReadMemory(cpu, op, 0, out ushort narrow);
                offset = narrow;
                break;
            case sizeof(uint):
                done = Operands.TryReadMemory(cpu, op, 0, out uint wide);
                offset = wide;
                break;
            default:
                done = Operands.TryReadMemory(cpu, op, 0, out offset);
                break;
        }

        selector = 0;
        return done && Operands.TryReadMemory(cpu, op, (uint)Operands.Size(op), out selector);
    }
}
