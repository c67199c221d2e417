using System.Runtime.CompilerServices;
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    /// <summary>Reads a stack pointer of the 64-bit TSS: RSP0 to RSP2, or IST1 to IST7. Intel SDM Vol. 3A, "Task Management in 64-bit Mode".</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="privilege">The level whose stack is wanted when <paramref name="interruptStack"/> is 0.</param>
    /// <param name="interruptStack">The IST index of a gate, 0 for none.</param>
    /// <param name="pointer">The pointer.</param>
    /// <returns>Whether no fault was raised: #TS when the TSS is too short, #SS(0) when the pointer is not canonical.</returns>
    public static bool TryReadLong(CpuContext* cpu, int privilege, int interruptStack, out ulong pointer)
    {
        const uint FirstStack = 0x4;
        const uint FirstInterruptStack = 0x24;
        ref SegmentCache task = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        uint offset = interruptStack == 0
            ? FirstStack + (uint)(privilege * sizeof(ulong))
            : FirstInterruptStack + (uint)((interruptStack - 1) * sizeof(ulong));
        pointer = 0;
        if (task.Unusable || offset + sizeof(ulong) - 1 > task.Limit)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, new Selector(task.Selector).ErrorCode);
        }

        return LinearAccess.TryReadSystem(cpu, task.Base + offset, out pointer)
            && (Canonical.Is(pointer) || Faults.Raise(cpu, Vector.StackFault, 0));
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
