using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.Tasks;

/// <summary>
/// The second half of a task switch: the selectors of the new task become segments. Faults belong to the new task.
/// Intel SDM Vol. 3A, "Task Switching", "Exception Conditions Checked During a Task Switch".
/// </summary>
internal static unsafe class TaskSegments
{
    /// <summary>Sets the selectors, with nothing behind them yet: what a fault during the rest of the switch finds.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="image">The new task.</param>
    public static void SetSelectors(CpuContext* cpu, in TaskImage image)
    {
        bool virtual8086 = (image.Flags & Rflags.Virtual8086) != 0;
        for (int i = 0; i < TaskImage.SegmentImages.Count; i++)
        {
            ref SegmentCache cache = ref cpu->State.Segments[i];
            cache = LegacySegments.Null(cache, new Selector(image.Segments[i]));
        }

        // CPL is the DPL of SS: from here on that of the new task.
        cpu->State.Segments[(int)SegmentIndex.Ss].Dpl =
            virtual8086 ? 3 : new Selector(image.Segments[(int)SegmentIndex.Cs]).Rpl;
        ref SegmentCache ldt = ref cpu->State.Segments[(int)SegmentIndex.Ldtr];
        ldt = LegacySegments.Null(ldt, new Selector(image.Ldt));
    }

    /// <summary>Loads the LDT and all segment registers.</summary>
    /// <param name="cpu">The processor; its flags are those of the new task.</param>
    /// <param name="image">The new task.</param>
    /// <returns>Whether no fault was raised.</returns>
    public static bool TryLoad(CpuContext* cpu, in TaskImage image)
    {
        if (!TryLoadLdt(cpu, new Selector(image.Ldt)))
        {
            return false;
        }

        if (ProcessorMode.IsVirtual8086(cpu))
        {
            for (int i = 0; i < TaskImage.SegmentImages.Count; i++)
            {
                cpu->State.Segments[i] = LegacySegments.Virtual8086(image.Segments[i]);
            }

            return true;
        }

        var code = new Selector(image.Segments[(int)SegmentIndex.Cs]);
        return TryLoadCode(cpu, code)
            && TryLoadStack(cpu, new Selector(image.Segments[(int)SegmentIndex.Ss]), code.Rpl)
            && TryLoadData(cpu, image, code.Rpl);
    }

    private static bool TryLoadLdt(CpuContext* cpu, Selector selector)
    {
        if (selector.IsNull)
        {
            return true;
        }

        if (selector.IsLocal)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, selector.ErrorCode);
        }

        if (!DescriptorTables.TryRead(cpu, selector, Vector.InvalidTss, out Descriptor descriptor))
        {
            return false;
        }

        if (descriptor.SystemType != SystemType.Ldt || !descriptor.IsPresent)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, selector.ErrorCode);
        }

        cpu->State.Segments[(int)SegmentIndex.Ldtr] = descriptor.ToCache(selector);
        return true;
    }

    private static bool TryLoadCode(CpuContext* cpu, Selector selector)
    {
        if (!SegmentLoads.TryReadCode(cpu, selector, Vector.InvalidTss, out Descriptor descriptor))
        {
            return false;
        }

        bool matches = descriptor.IsConforming ? descriptor.Dpl <= selector.Rpl : descriptor.Dpl == selector.Rpl;
        if (!matches)
        {
            return Faults.Raise(cpu, Vector.InvalidTss, selector.ErrorCode);
        }

        if (!SegmentLoads.TryFinish(cpu, selector, descriptor, Vector.SegmentNotPresent, out SegmentCache cache))
        {
            return false;
        }

        cpu->State.Segments[(int)SegmentIndex.Cs] = cache;
        return true;
    }

    private static bool TryLoadStack(CpuContext* cpu, Selector selector, int privilege)
    {
        if (!SegmentLoads.TryPrepareStack(cpu, selector, privilege, Vector.InvalidTss, out SegmentCache cache))
        {
            return false;
        }

        cpu->State.Segments[(int)SegmentIndex.Ss] = cache;
        return true;
    }

    private static bool TryLoadData(CpuContext* cpu, in TaskImage image, int privilege)
    {
        ReadOnlySpan<SegmentIndex> data = [SegmentIndex.Ds, SegmentIndex.Es, SegmentIndex.Fs, SegmentIndex.Gs];
        foreach (SegmentIndex segment in data)
        {
            var selector = new Selector(image.Segments[(int)segment]);
            if (!SegmentLoads.TryPrepareData(cpu, segment, selector, privilege, Vector.InvalidTss, out SegmentCache cache))
            {
                return false;
            }

            cpu->State.Segments[(int)segment] = cache;
        }

        return true;
    }
}
