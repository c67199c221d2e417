using KvmSharp.Cpu;
using KvmSharp.Memory;
using KvmSharp.Segmentation;
using KvmSharp.Transfers;

namespace KvmSharp.Events;

/// <summary>Delivery through the interrupt vector table. Intel SDM Vol. 3B, "Interrupt and Exception Handling" of real-address mode.</summary>
/// <remarks>An entry is an offset word and a segment word. No error code is pushed.</remarks>
internal static unsafe class RealModeDelivery
{
    private const int EntryBytes = 4;
    private const ulong Cleared = Rflags.Interrupt | Rflags.Trap | Rflags.AlignmentCheck | Rflags.Resume;

    /// <summary>Delivers an event in real mode.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="e">The event.</param>
    /// <param name="returnRip">The address to push.</param>
    /// <returns>Whether it was delivered.</returns>
    public static bool TryDeliver(CpuContext* cpu, in PendingEvent e, ulong returnRip)
    {
        uint at = (uint)e.Vector * EntryBytes;
        if (at + EntryBytes - 1 > cpu->State.Idtr.Limit)
        {
            return Faults.GeneralProtection(cpu);
        }

        ulong flags = FlagsRegister.Read(cpu);
        if (!LinearAccess.TryReadSystem(cpu, (uint)(cpu->State.Idtr.Base + at), out uint entry)
            || !CodeTarget.TryMakeUnprotected(cpu, (ushort)(entry >> 16), (ushort)entry, out CodeTarget target))
        {
            return false;
        }

        var frame = StackFrame.OnPresentStack(cpu, sizeof(ushort), stackalloc ulong[3]);
        frame.Push(flags);
        frame.Push(cpu->State.Segments[(int)SegmentIndex.Cs].Selector);
        frame.Push(returnRip);
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, cpu->StackMask, frame.Pointer);
        FlagsRegister.Write(cpu, flags & ~Cleared);
        target.Enter(cpu);
        return true;
    }
}
