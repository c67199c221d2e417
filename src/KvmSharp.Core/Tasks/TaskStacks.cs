using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.Tasks;

/// <summary>The stacks that the present TSS holds for privilege levels 0 to 2. Intel SDM Vol. 3A, "Stack Switching".</summary>
internal static unsafe class TaskStacks
{
    /// <summary>Reads and checks the stack for an inner level.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="privilege">0, 1 or 2.</param>
    /// <param name="stack">The stack.</param>
    /// <returns>Whether no fault was raised: #TS for what is wrong in the TSS, #SS when the segment is not present.</returns>
    public static bool TryPrepare(CpuContext* cpu, int privilege, out SwitchedStack stack)
    {
        stack = default;
        ref SegmentCache task = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        TaskLayout layout = TaskLayout.OfPresentTask(cpu->State);
        uint offset = layout.StackOffset(privilege);
        uint selectorOffset = offset + (uint)layout.FieldSize;
        if (task.Unusable || selectorOffset + sizeof(ushort) - 1 > task.Limit)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, new Selector(task.Selector).ErrorCode);
        }

        ulong address = (uint)(task.Base + offset);
        if (!TryReadPointer(cpu, address, layout, out ulong pointer)
            || !LinearAccess.TryReadSystem(cpu, (uint)(task.Base + selectorOffset), out ushort selector)
            || !SegmentLoads.TryPrepareStack(cpu, new Selector(selector), privilege, Vector.InvalidTss, out SegmentCache segment))
        {
            return false;
        }

        stack = new SwitchedStack(segment, pointer);
        return true;
    }

    private static bool TryReadPointer(CpuContext* cpu, ulong address, TaskLayout layout, out ulong pointer)
    {
        if (layout.IsWide)
        {
            bool read = LinearAccess.TryReadSystem(cpu, address, out uint wide);
            pointer = wide;
            return read;
        }

        bool done = LinearAccess.TryReadSystem(cpu, address, out ushort narrow);
        pointer = narrow;
        return done;
    }
}
