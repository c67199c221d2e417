using KvmSharp.Cpu;
using KvmSharp.Debugging;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Intercepts;
using KvmSharp.Memory;
using KvmSharp.Segmentation;
using KvmSharp.SystemRegisters;

namespace KvmSharp.Tasks;

/// <summary>Hardware task switching. Intel SDM Vol. 3A, "Task Switching".</summary>
/// <remarks>
/// Up to the point where the old task is saved, a fault leaves it untouched. Behind that point the switch has happened: a fault
/// belongs to the first instruction of the new task, RIP is there, and <see cref="CpuContext.Stop"/> says trap. A TSS or
/// descriptor table in device memory is not restartable behind that point.
/// </remarks>
internal static unsafe class TaskSwitch
{
    private const ulong LocalBreakpoints = 0x155; // DR7: L0 to L3 and LE

    /// <summary>Switches to a task whose descriptor has been read and found right for the cause.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The new TSS.</param>
    /// <param name="descriptor">Its descriptor: present, available (or busy for a return).</param>
    /// <param name="request">What asks for it.</param>
    /// <returns>Whether no fault was raised; <see cref="CpuContext.Stop"/> tells in which task it was.</returns>
    public static bool TrySwitch(CpuContext* cpu, Selector selector, Descriptor descriptor, in TaskSwitchRequest request)
    {
        TaskSwitchCause cause = request.Cause;
        TaskLayout layout = TaskLayout.Of(descriptor.Attributes);
        if (descriptor.Limit < layout.MinimumLimit)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, selector.ErrorCode);
        }

        InterceptGate intercepts = cpu->Engine.Intercepts;
        VmExit exit = VmExit.Intercepted(cpu->Engine.Id, InterceptKind.TaskSwitch, Qualification.OfTaskSwitch(selector.Value, request));
        if (!intercepts.TryPass(intercepts.Controls.TaskSwitch, exit))
        {
            return false;
        }

        if (!TaskImage.TryRead(cpu, descriptor.Base, layout, out TaskImage image)
            || !TryProbe(cpu, selector, descriptor, cause)
            || !TryLeave(cpu, request)
            || !TryMarkNew(cpu, selector, descriptor, cause))
        {
            return false;
        }

        Enter(cpu, selector, descriptor, layout, cause, image);
        if (TryStart(cpu, layout, image, request.ErrorCode))
        {
            return true;
        }

        if (cpu->Stop == StopReason.Fault)
        {
            cpu->Stop = StopReason.Trap;
        }

        return false;
    }

    // What happens in the new task before its first instruction.
    private static bool TryStart(CpuContext* cpu, TaskLayout layout, in TaskImage image, uint? errorCode)
    {
        bool loaded = TaskSegments.TryLoad(cpu, image);
        cpu->Engine.UpdateMode();
        if (!loaded || (errorCode is { } code && !TryPushErrorCode(cpu, layout, code)))
        {
            return false;
        }

        if (cpu->State.Rip > cpu->State.Segments[(int)SegmentIndex.Cs].Limit)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!image.DebugTrap)
        {
            return true;
        }

        DebugException.Enter(cpu, DebugStatus.TaskSwitch);
        return Faults.Raise(cpu, Vector.Debug);
    }

    private static bool TryPushErrorCode(CpuContext* cpu, TaskLayout layout, uint errorCode)
    {
        var frame = StackFrame.OnPresentStack(cpu, layout.FieldSize, stackalloc ulong[1]);
        frame.Push(errorCode);
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, StackPointer.MaskOf(cpu->State.Segments[(int)SegmentIndex.Ss]), frame.Pointer);
        return true;
    }

    private static bool TryProbe(CpuContext* cpu, Selector selector, Descriptor descriptor, TaskSwitchCause cause)
    {
        ref SegmentCache old = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        bool nests = cause == TaskSwitchCause.Call;
        return TaskImage.TryProbe(cpu, old.Base, TaskLayout.Of(old.Attributes))
            && (nests || DescriptorTables.TryProbe(cpu, new Selector(old.Selector)))
            && (cause == TaskSwitchCause.Return || DescriptorTables.TryProbe(cpu, selector))
            && (!nests || LinearAccess.TryProbeWrite(cpu, descriptor.Base, sizeof(ushort), DataAccess.SystemWrite));
    }

    // JMP and IRET end the old task; CALL and events only interrupt it, so it stays busy.
    private static bool TryLeave(CpuContext* cpu, in TaskSwitchRequest request)
    {
        TaskSwitchCause cause = request.Cause;
        ref SegmentCache old = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        var selector = new Selector(old.Selector);
        if (cause != TaskSwitchCause.Call && DescriptorTables.TryLocate(cpu, selector, out ulong linear))
        {
            if (!LinearAccess.TryReadSystem(cpu, linear, out ulong raw)
                || !DescriptorTables.TrySetBusy(cpu, selector, new Descriptor(raw), busy: false))
            {
                return false;
            }
        }

        ulong flags = FlagsRegister.Read(cpu);
        flags = cause == TaskSwitchCause.Return ? flags & ~Rflags.NestedTask : flags;
        flags = request.SavesResume ? flags | Rflags.Resume : flags;
        return TaskImage.TrySave(cpu, old.Base, TaskLayout.Of(old.Attributes), request.ReturnRip, flags);
    }

    private static bool TryMarkNew(CpuContext* cpu, Selector selector, Descriptor descriptor, TaskSwitchCause cause)
    {
        ushort link = cpu->State.Segments[(int)SegmentIndex.Tr].Selector;
        return (cause != TaskSwitchCause.Call || LinearAccess.TryWriteSystem(cpu, descriptor.Base, link))
            && (cause == TaskSwitchCause.Return || DescriptorTables.TrySetBusy(cpu, selector, descriptor, busy: true));
    }

    private static void Enter(
        CpuContext* cpu, Selector selector, Descriptor descriptor, TaskLayout layout, TaskSwitchCause cause, in TaskImage image)
    {
        SegmentCache task = descriptor.ToCache(selector);
        task.Attributes |= Descriptor.BusyBit;
        cpu->State.Segments[(int)SegmentIndex.Tr] = task;
        cpu->State.Cr0 |= Cr0.TaskSwitched;
        cpu->State.Dr7 &= ~LocalBreakpoints;
        cpu->Engine.Breakpoints.Update();
        if (layout.IsWide && (cpu->State.Cr0 & Cr0.Paging) != 0)
        {
            ControlRegisters.WriteCr3(cpu, image.Cr3);
        }

        for (int i = 0; i < TaskImage.GeneralImages.Count; i++)
        {
            cpu->State.General[i] = image.General[i];
        }

        cpu->State.Rip = image.Rip;
        FlagsRegister.Write(cpu, cause == TaskSwitchCause.Call ? image.Flags | Rflags.NestedTask : image.Flags);
        TaskSegments.SetSelectors(cpu, image);
        cpu->Engine.UpdateMode();
    }
}

/// <summary>A task switch that is asked for.</summary>
/// <param name="Cause">By what.</param>
/// <param name="ReturnRip">Where the old task goes on later.</param>
/// <param name="SavesResume">Whether EFLAGS are saved with RF set: the cause is a fault.</param>
/// <param name="ErrorCode">What is pushed on the new task's stack, for exceptions that have one.</param>
/// <param name="IsEvent">Whether it is a task gate in the IDT.</param>
internal readonly record struct TaskSwitchRequest(
    TaskSwitchCause Cause, ulong ReturnRip, bool SavesResume = false, uint? ErrorCode = null, bool IsEvent = false);

/// <summary>What asks for a task switch: it decides over busy bits, the NT flag and the back link.</summary>
internal enum TaskSwitchCause
{
    /// <summary>JMP.</summary>
    Jump,

    /// <summary>CALL, an interrupt or an exception: the new task is nested in the old one.</summary>
    Call,

    /// <summary>IRET with NT set.</summary>
    Return,
}
