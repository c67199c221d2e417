using KvmSharp.Cpu;
using KvmSharp.Memory;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;
using KvmSharp.Transfers;

namespace KvmSharp.Events;

/// <summary>INT n of a virtual-8086 program with CR4.VME: its own handler takes it when the TSS says so.</summary>
/// <remarks>
/// 32 bytes below the I/O permission map hold one bit for each vector: 0 for the program's interrupt vector table at linear 0, 1 for the
/// IDT. INT3, INTO and everything that is not INT n never ask. Intel SDM Vol. 3B, "Class 3: Software Interrupt Handling in
/// Virtual-8086 Mode".
/// </remarks>
internal static unsafe class InterruptRedirection
{
    private const int MapBytes = 32;
    private const int BitsInByte = 8;
    private const int EntryBytes = 4;

    /// <summary>Reads the bit of a vector.</summary>
    /// <param name="cpu">The processor, in virtual-8086 mode.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="toProgram">Whether the program's own handler takes it.</param>
    /// <returns>Whether the map could be read; else #GP(0) or the page fault of the map was raised.</returns>
    public static bool TryAsk(CpuContext* cpu, byte vector, out bool toProgram)
    {
        toProgram = false;
        ref SegmentCache task = ref cpu->State.Segments[(int)SegmentIndex.Tr];
        bool hasMap = !task.Unusable && TaskLayout.Of(task.Attributes).IsWide && task.Limit >= TaskLayout.WideMinimumLimit;
        if (!hasMap)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!LinearAccess.TryReadSystem(cpu, (uint)(task.Base + TaskLayout.IoMapBaseOffset), out ushort ports))
        {
            return false;
        }

        uint at = (uint)(ports - MapBytes + (vector / BitsInByte));
        if (at > task.Limit)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!LinearAccess.TryReadSystem(cpu, (uint)(task.Base + at), out byte bits))
        {
            return false;
        }

        toProgram = (bits >> (vector % BitsInByte) & 1) == 0;
        return true;
    }

    /// <summary>Enters the program's handler as real mode would.</summary>
    /// <param name="cpu">The processor, in virtual-8086 mode.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="returnRip">The address to push.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryEnter(CpuContext* cpu, byte vector, ulong returnRip)
    {
        if (!LinearAccess.TryRead(cpu, (uint)vector * EntryBytes, out uint entry)
            || !CodeTarget.TryMakeUnprotected(cpu, (ushort)(entry >> 16), (ushort)entry, out CodeTarget target))
        {
            return false;
        }

        var frame = StackFrame.OnPresentStack(cpu, sizeof(ushort), stackalloc ulong[3]);
        frame.Push(VirtualInterrupts.Export(cpu));
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, cpu->StackMask, frame.Pointer);
        ulong masked = VirtualInterrupts.IsVirtualized(cpu) ? Rflags.VirtualInterrupt : Rflags.Interrupt;
        FlagsRegister.Write(cpu, FlagsRegister.Read(cpu) & ~(masked | Rflags.Trap));
        target.Enter(cpu);
        return true;
    }
}
