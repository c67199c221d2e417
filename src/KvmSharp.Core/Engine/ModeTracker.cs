using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>Derives from the architectural state what the engine needs at hand: code mode, privilege, bounds, the TLB in force.</summary>
internal sealed unsafe class ModeTracker(CpuContext* cpu)
{
    /// <summary>Derives everything anew. Cheap enough for every segment load.</summary>
    public void Update()
    {
        ref CpuState state = ref cpu->State;
        ref SegmentCache cs = ref state.Segments[(int)SegmentIndex.Cs];
        ref SegmentCache ss = ref state.Segments[(int)SegmentIndex.Ss];
        bool protectedMode = (state.Cr0 & Cr0.ProtectionEnable) != 0;
        bool virtual8086 = protectedMode && (state.Rflags & Rflags.Virtual8086) != 0;
        cpu->Cpl = protectedMode ? state.Cpl : 0;
        bool checksAlignment = cpu->Cpl == 3 && (state.Cr0 & Cr0.AlignmentMask) != 0 && (state.Rflags & Rflags.AlignmentCheck) != 0;
        cpu->ChecksAlignment = checksAlignment ? (byte)1 : (byte)0;
        SelectTlb();
        bool longMode = (state.Msrs.Efer & Efer.LongModeActive) != 0;
        bool code64 = longMode && cs.IsLong;
        cpu->LinearMask = code64 ? ulong.MaxValue : uint.MaxValue;
        cpu->SystemMask = longMode ? ulong.MaxValue : uint.MaxValue;
        cpu->CodeBase = code64 ? 0 : cs.Base;
        cpu->CodeLimit = code64 ? Canonical.Size - 1 : cs.Limit;
        cpu->CodeBias = code64 ? Canonical.Bias : 0;
        cpu->StackMask = code64 ? ulong.MaxValue : ss.IsBig ? uint.MaxValue : ushort.MaxValue;
        for (int i = 0; i <= (int)SegmentIndex.Gs; i++)
        {
            cpu->Views[i] = code64 ? View64Of(state.Segments[i], i) : ViewOf(state.Segments[i], protectedMode);
        }

        bool flat = !code64 && IsFlat(SegmentIndex.Es) && IsFlat(SegmentIndex.Ss) && IsFlat(SegmentIndex.Ds);
        uint mode = (cs.IsBig && !code64 ? CodeMode.Code32 : 0)
            | (code64 ? CodeMode.Code64 : 0)
            | (longMode ? CodeMode.LongMode : 0)
            | (ss.IsBig && !code64 ? CodeMode.Stack32 : 0)
            | (flat ? CodeMode.FlatData : 0)
            | (protectedMode && !virtual8086 ? CodeMode.Protected : 0)
            | (cpu->Cpl == 3 ? CodeMode.User : 0)
            | (virtual8086 ? CodeMode.Virtual8086 : 0)
            | ((state.Cr0 & (Cr0.Emulation | Cr0.TaskSwitched)) != 0 ? CodeMode.NoCoprocessor : 0)
            | ((state.Cr0 & Cr0.Emulation) != 0 ? CodeMode.Emulation : 0)
            | ((state.Cr0 & Cr0.Emulation) != 0 || (state.Cr4 & Cr4.OsFxsr) == 0 ? CodeMode.NoVectors : 0)
            | ((state.Cr0 & Cr0.TaskSwitched) != 0 && (state.Cr0 & Cr0.MonitorCoprocessor) != 0 ? CodeMode.NoWait : 0);
        cpu->Mode = mode;
        UpdateKey();
    }

    /// <summary>Puts the table for the present rights in force: also behind a change of EFLAGS.AC alone.</summary>
    public void SelectTlb()
    {
        const ulong AccessControl = Rflags.AlignmentCheck;
        bool open = (cpu->State.Cr4 & Cr4.SupervisorAccessPrevention) != 0 && (cpu->State.Rflags & AccessControl) != 0;
        cpu->Tlb = cpu->ChecksAlignment != 0 ? cpu->EmptyTlb : cpu->Cpl == 3 ? cpu->UserTlb : open ? cpu->OpenTlb : cpu->SupervisorTlb;
    }

    /// <summary>Derives the jump cache's key from mode and generation.</summary>
    public void UpdateKey() => cpu->CodeKey = (cpu->Cpl == 3 ? cpu->UserGeneration : cpu->SupervisorGeneration) | cpu->Mode;

    // Types and rights count in protected mode only: in real mode even code may be written.
    private static SegmentView ViewOf(in SegmentCache cache, bool protectedMode)
    {
        bool quick = !cache.Unusable && !cache.IsExpandDown;
        return new SegmentView
        {
            Base = cache.Base,
            ReadEnd = quick && (cache.IsReadable || !protectedMode) ? cache.Limit + 1UL : 0,
            WriteEnd = quick && (cache.IsWritable || !protectedMode) ? cache.Limit + 1UL : 0,
        };
    }

    // In 64-bit mode only FS and GS have a base. Offsets that stay in the canonical half of the base need no further check; the full
    // one tests the others for being canonical.
    private static SegmentView View64Of(in SegmentCache cache, int segment)
    {
        ulong start = segment >= (int)SegmentIndex.Fs ? cache.Base : 0;
        ulong end = start < Canonical.Bias ? Canonical.Bias - start : Canonical.Is(start) ? 0 - start : 0;
        return new SegmentView { Base = start, ReadEnd = end, WriteEnd = end };
    }

    private bool IsFlat(SegmentIndex segment)
    {
        ref SegmentView view = ref cpu->Views[(int)segment];
        return view.Base == 0 && view.WriteEnd == uint.MaxValue + 1UL && view.ReadEnd == uint.MaxValue + 1UL;
    }
}
