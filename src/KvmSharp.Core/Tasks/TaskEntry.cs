using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Tasks;

/// <summary>Which TSS a far branch, a task gate or IRET may switch to, before <see cref="TaskSwitch"/> does it.</summary>
internal static unsafe class TaskEntry
{
    /// <summary>Tests whether a descriptor is a TSS that can be switched to, or returned to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="busy">Whether it must be busy (IRET) or must not.</param>
    /// <returns>Whether it fits.</returns>
    public static bool IsTask(Descriptor descriptor, bool busy) => busy
        ? descriptor.SystemType is SystemType.BusyTss16 or SystemType.BusyTss32
        : descriptor.SystemType is SystemType.AvailableTss16 or SystemType.AvailableTss32;

    /// <summary>Switches to the TSS that a task gate names, or that a far branch names directly.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The TSS.</param>
    /// <param name="request">What asks for it.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryEnter(CpuContext* cpu, Selector selector, in TaskSwitchRequest request) =>
        TryRead(cpu, selector, Vector.GeneralProtection, busy: false, out Descriptor descriptor)
        && TaskSwitch.TrySwitch(cpu, selector, descriptor, request);

    /// <summary>IRET with NT set: goes back to the task that the present TSS links to.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="returnRip">The address behind IRET, where the present task goes on if it is called again.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryReturn(CpuContext* cpu, ulong returnRip)
    {
        ulong link = cpu->State.Segments[(int)SegmentIndex.Tr].Base;
        if (!LinearAccess.TryReadSystem(cpu, link, out ushort value))
        {
            return false;
        }

        var selector = new Selector(value);
        return TryRead(cpu, selector, Vector.InvalidTss, busy: true, out Descriptor descriptor)
            && TaskSwitch.TrySwitch(cpu, selector, descriptor, new TaskSwitchRequest(TaskSwitchCause.Return, returnRip));
    }

    private static bool TryRead(CpuContext* cpu, Selector selector, Vector invalid, bool busy, out Descriptor descriptor)
    {
        descriptor = default;
        if (selector.IsLocal)
        {
            return Faults.Raise(cpu, invalid, selector.ErrorCode);
        }

        if (!DescriptorTables.TryRead(cpu, selector, invalid, out descriptor))
        {
            return false;
        }

        if (!IsTask(descriptor, busy))
        {
            return Faults.Raise(cpu, invalid, selector.ErrorCode);
        }

        return descriptor.IsPresent || Faults.Raise(cpu, Vector.SegmentNotPresent, selector.ErrorCode);
    }
}
