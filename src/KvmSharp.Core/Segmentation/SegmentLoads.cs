using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.Segmentation;

/// <summary>What loading a selector checks and gives. Intel SDM Vol. 3A, "Privilege Level Checking When Accessing Data Segments".</summary>
/// <remarks>Nothing here changes a segment register: the caller does, once its own checks are done. Only accessed bits are written.</remarks>
internal static unsafe class SegmentLoads
{
    /// <summary>Prepares a load of ES, SS, DS, FS or GS by an instruction, in whatever mode the processor is.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The register.</param>
    /// <param name="value">The selector.</param>
    /// <param name="cache">What the register becomes.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryPrepare(CpuContext* cpu, SegmentIndex segment, ushort value, out SegmentCache cache)
    {
        if (ProcessorMode.IsProtected(cpu))
        {
            var selector = new Selector(value);
            if (segment == SegmentIndex.Ss && ProcessorMode.Is64Bit(cpu) && selector.IsNull && cpu->Cpl < 3 && selector.Rpl == cpu->Cpl)
            {
                cache = LegacySegments.NullStack(selector, cpu->Cpl);
                return true;
            }

            return segment == SegmentIndex.Ss
                ? TryPrepareStack(cpu, selector, cpu->Cpl, Vector.GeneralProtection, out cache)
                : TryPrepareData(cpu, segment, selector, cpu->Cpl, Vector.GeneralProtection, out cache);
        }

        cache = PrepareUnprotected(cpu, segment, value);
        return true;
    }

    /// <summary>Gives what a load in real or virtual-8086 mode makes of a register.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The register, CS included.</param>
    /// <param name="value">The paragraph number.</param>
    /// <returns>The register.</returns>
    public static SegmentCache PrepareUnprotected(CpuContext* cpu, SegmentIndex segment, ushort value) =>
        ProcessorMode.IsVirtual8086(cpu)
            ? LegacySegments.Virtual8086(value)
            : LegacySegments.RealMode(cpu->State.Segments[(int)segment], value, segment == SegmentIndex.Cs);

    /// <summary>Prepares a stack segment for a privilege level.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="privilege">The level that RPL and DPL must both be.</param>
    /// <param name="invalid">What a bad segment raises, with the selector as error code: #GP, or #TS when it came from a TSS.</param>
    /// <param name="cache">What SS becomes.</param>
    /// <returns>Whether no fault was raised; a segment that is not present raises #SS.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryPrepareStack(CpuContext* cpu, Selector selector, int privilege, Vector invalid, out SegmentCache cache)
    {
        cache = default;
        if (selector.IsNull)
        {
            return Faults.Raise(cpu, invalid, 0);
        }

        if (!DescriptorTables.TryRead(cpu, selector, invalid, out Descriptor descriptor))
        {
            return false;
        }

        if (AcceptedDescriptors.TryRecall(cpu, selector, privilege, SegmentUse.Stack, descriptor, out cache))
        {
            return true;
        }

        if (selector.Rpl != privilege || !descriptor.IsWritableData || descriptor.Dpl != privilege)
        {
            return Faults.Raise(cpu, invalid, selector.ErrorCode);
        }

        if (!TryFinish(cpu, selector, descriptor, Vector.StackFault, out cache))
        {
            return false;
        }

        AcceptedDescriptors.Keep(cpu, selector, privilege, SegmentUse.Stack, descriptor, cache);
        return true;
    }

    /// <summary>Prepares a data segment; a null selector is allowed.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="segment">The register, for what a null selector leaves in it.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="privilege">The level that is to use it.</param>
    /// <param name="invalid">What a bad segment raises: #GP, or #TS in a task switch.</param>
    /// <param name="cache">What the register becomes.</param>
    /// <returns>Whether no fault was raised; a segment that is not present raises #NP.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryPrepareData(
        CpuContext* cpu, SegmentIndex segment, Selector selector, int privilege, Vector invalid, out SegmentCache cache)
    {
        if (selector.IsNull)
        {
            cache = LegacySegments.Null(cpu->State.Segments[(int)segment], selector);
            return true;
        }

        cache = default;
        if (!DescriptorTables.TryRead(cpu, selector, invalid, out Descriptor descriptor))
        {
            return false;
        }

        if (AcceptedDescriptors.TryRecall(cpu, selector, privilege, SegmentUse.Data, descriptor, out cache))
        {
            return true;
        }

        if (!descriptor.IsReadable || !descriptor.IsVisibleTo(privilege, selector.Rpl))
        {
            return Faults.Raise(cpu, invalid, selector.ErrorCode);
        }

        if (!TryFinish(cpu, selector, descriptor, Vector.SegmentNotPresent, out cache))
        {
            return false;
        }

        AcceptedDescriptors.Keep(cpu, selector, privilege, SegmentUse.Data, descriptor, cache);
        return true;
    }

    /// <summary>Reads what must be a code segment; privileges and presence are the caller's to check.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="invalid">What is raised when it is null (error code 0), beyond its table or not code.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryReadCode(CpuContext* cpu, Selector selector, Vector invalid, out Descriptor descriptor) =>
        TryReadNamed(cpu, selector, invalid, out descriptor)
        && (descriptor.IsCode || Faults.Raise(cpu, invalid, selector.ErrorCode));

    /// <summary>Reads any descriptor but that of a null selector.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="invalid">What is raised when it is null (error code 0) or beyond its table.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryReadNamed(CpuContext* cpu, Selector selector, Vector invalid, out Descriptor descriptor)
    {
        descriptor = default;
        return selector.IsNull ? Faults.Raise(cpu, invalid, 0) : DescriptorTables.TryRead(cpu, selector, invalid, out descriptor);
    }

    /// <summary>Ends the preparation of a code or data segment: present, then accessed.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="selector">The selector, with the RPL that the register is to show.</param>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="notPresent">What is raised when it is not present.</param>
    /// <param name="cache">What the register becomes.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryFinish(CpuContext* cpu, Selector selector, Descriptor descriptor, Vector notPresent, out SegmentCache cache)
    {
        cache = descriptor.ToCache(selector);
        return (descriptor.IsPresent || Faults.Raise(cpu, notPresent, selector.ErrorCode))
            && DescriptorTables.TryMarkAccessed(cpu, selector, descriptor);
    }

    /// <summary>Empties the data segment registers that a less privileged program must not inherit.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="privilege">The level that is being returned to.</param>
    public static void DropInaccessible(CpuContext* cpu, int privilege)
    {
        ReadOnlySpan<SegmentIndex> data = [SegmentIndex.Es, SegmentIndex.Ds, SegmentIndex.Fs, SegmentIndex.Gs];
        foreach (SegmentIndex segment in data)
        {
            ref SegmentCache cache = ref cpu->State.Segments[(int)segment];
            bool conforming = cache.IsCode && (cache.Attributes & SegmentCache.ExpandDownOrConforming) != 0;
            if (!cache.Unusable && !conforming && cache.Dpl < privilege)
            {
                cache = LegacySegments.Null(cache, default);
            }
        }
    }
}
