using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;
using KvmSharp.Tasks;

namespace KvmSharp.Transfers;

/// <summary>IRET, IRETD and IRETQ. Intel SDM Vol. 2A, "IRET/IRETD/IRETQ".</summary>
internal static unsafe class InterruptReturn
{
    private const ulong VirtualInterruptFlags = Rflags.VirtualInterrupt | Rflags.VirtualInterruptPending;

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Iret, &LowerNarrow);
        table.Add(Mnemonic.Iretd, &LowerWide);
        table.Add(Mnemonic.Iretq, &LowerLong);
    }

    private static void LowerNarrow(ref Lowering lowering) => SystemForms.LowerTransfer(ref lowering, &Return, sizeof(ushort));

    private static void LowerWide(ref Lowering lowering) => SystemForms.LowerTransfer(ref lowering, &Return, sizeof(uint));

    private static void LowerLong(ref Lowering lowering) => SystemForms.LowerTransfer(ref lowering, &Return, sizeof(ulong));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Return(CpuContext* cpu, MicroOp* op)
    {
        if (!TryReturn(cpu, op))
        {
            return false;
        }

        cpu->State.Events.NmiMasked = 0;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryReturn(CpuContext* cpu, MicroOp* op)
    {
        if (!VirtualInterrupts.TryRequireFlagAccess(cpu, Operands.Size(op)))
        {
            return false;
        }

        bool isProtected = ProcessorMode.IsProtected(cpu);
        if (isProtected && (cpu->State.Rflags & Rflags.NestedTask) != 0)
        {
            return ProcessorMode.IsLong(cpu)
                ? Faults.GeneralProtection(cpu) // long mode has no tasks to go back to
                : TaskEntry.TryReturn(cpu, GeneralShape.NextRip(cpu, op));
        }

        if (!TryRead(cpu, Operands.Size(op), out ReturnImage image))
        {
            return false;
        }

        if (!isProtected)
        {
            return TryReturnUnprotected(cpu, image);
        }

        bool toVirtual8086 = image.Size > sizeof(ushort) && (image.Flags & Rflags.Virtual8086) != 0 && cpu->Cpl == 0 && !ProcessorMode.IsLong(cpu);
        return toVirtual8086 ? TryReturnToVirtual8086(cpu, image) : TryReturnProtected(cpu, image);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryRead(CpuContext* cpu, int size, out ReturnImage image)
    {
        byte* top = size == sizeof(ushort) ? null : StackPointer.FindTop(cpu, 3 * size);
        if (top is not null)
        {
            image = size == sizeof(uint)
                ? new ReturnImage(size, ((uint*)top)[0], (ushort)((uint*)top)[1], ((uint*)top)[2])
                : new ReturnImage(size, ((ulong*)top)[0], (ushort)((ulong*)top)[1], ((ulong*)top)[2]);
            return true;
        }

        // The last item comes first: CR2 tells which of them a page fault met.
        image = default;
        if (!StackPointer.TryPeek(cpu, 2 * (uint)size, size, out ulong flags)
            || !StackPointer.TryPeek(cpu, (uint)size, size, out ulong selector)
            || !StackPointer.TryPeek(cpu, 0, size, out ulong offset))
        {
            return false;
        }

        image = new ReturnImage(size, offset, (ushort)selector, flags);
        return true;
    }

    private static bool TryReturnUnprotected(CpuContext* cpu, in ReturnImage image)
    {
        if (!CodeTarget.TryMakeUnprotected(cpu, image.Selector, image.Offset, out CodeTarget target))
        {
            return false;
        }

        ulong flags = image.Flags;
        ulong mask = FlagsRegister.Changeable(cpu, image.Size) | image.ResumeMask;
        if (!VirtualInterrupts.TryImport(cpu, ref flags, ref mask))
        {
            return false;
        }

        StackPointer.Release(cpu, image.Bytes);
        FlagsRegister.Write(cpu, flags, mask);
        target.Enter(cpu);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryReturnProtected(CpuContext* cpu, in ReturnImage image)
    {
        var selector = new Selector(image.Selector);
        if (!ReturnTarget.TryMake(cpu, selector, image.Offset, out CodeTarget target))
        {
            return false;
        }

        SwitchedStack stack = default;
        bool outward = selector.Rpl != cpu->Cpl || ProcessorMode.Is64Bit(cpu); // 64-bit code always pops RSP and SS
        if (outward && !ReturnTarget.TryReadStack(cpu, image.Bytes, image.Size, target, out stack))
        {
            return false;
        }

        if (!target.TryCheckLimit(cpu))
        {
            return false;
        }

        // What the flags may become is decided by the level that is left.
        ulong virtualFlags = image.Size > sizeof(ushort) && cpu->Cpl == 0 ? VirtualInterruptFlags : 0;
        FlagsRegister.Write(cpu, image.Flags, FlagsRegister.Changeable(cpu, image.Size) | image.ResumeMask | virtualFlags);
        if (outward)
        {
            ReturnTarget.EnterOuter(cpu, stack, 0, target);
            return true;
        }

        StackPointer.Release(cpu, image.Bytes);
        target.Enter(cpu);
        return true;
    }

    // The frame goes on: ESP, SS, ES, DS, FS, GS, a doubleword each. There is nothing to refuse, every selector is a paragraph number.
    private static bool TryReturnToVirtual8086(CpuContext* cpu, in ReturnImage image)
    {
        ReadOnlySpan<SegmentIndex> order = [SegmentIndex.Ss, SegmentIndex.Es, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs];
        if (!StackPointer.TryPeek(cpu, image.Bytes, sizeof(uint), out ulong pointer))
        {
            return false;
        }

        Span<ushort> selectors = stackalloc ushort[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            if (!StackPointer.TryPeek(cpu, image.Bytes + (uint)((i + 1) * sizeof(uint)), sizeof(uint), out ulong value))
            {
                return false;
            }

            selectors[i] = (ushort)value;
        }

        if (image.Offset > ushort.MaxValue)
        {
            return Faults.GeneralProtection(cpu);
        }

        for (int i = 0; i < order.Length; i++)
        {
            cpu->State.Segments[(int)order[i]] = LegacySegments.Virtual8086(selectors[i]);
        }

        cpu->State.General[GeneralRegisterFile.Rsp] = pointer;
        FlagsRegister.Write(cpu, image.Flags);
        new CodeTarget(LegacySegments.Virtual8086(image.Selector), image.Offset).Enter(cpu);
        return true;
    }

    /// <summary>The three values that every IRET pops.</summary>
    /// <param name="Size">The operand size in bytes.</param>
    /// <param name="Offset">EIP or IP.</param>
    /// <param name="Selector">CS.</param>
    /// <param name="Flags">EFLAGS or FLAGS.</param>
    private readonly record struct ReturnImage(int Size, ulong Offset, ushort Selector, ulong Flags)
    {
        public uint Bytes => 3 * (uint)Size;

        /// <summary>Gets RF, which the 16-bit form does not reach.</summary>
        public ulong ResumeMask => Size > sizeof(ushort) ? Rflags.Resume : 0;
    }
}
