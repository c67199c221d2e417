using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KvmSharp.Cpu;
using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>Derives from the architectural state what the engine needs at hand: code mode, privilege, bounds, the TLB in force.</summary>
internal sealed unsafe class ModeTracker(CpuContext* cpu)
{
    // What a view is derived from: base, limit and some attributes. A kernel's flat segment and its program's differ in the others only.
    private const ushort SeenAttributes = SegmentCache.Executable | SegmentCache.ExpandDownOrConforming
        | SegmentCache.WritableOrReadable | SegmentCache.UnusableBit;

    private ModeInputs _inputs;
    private SeenSegments _seen; // as it was when each view was derived
    private ViewRules _rules = ViewRules.None;

    /// <summary>What decides, beside the segment, over its view.</summary>
    private enum ViewRules
    {
        None,
        Unprotected,
        Protected,
        Long,
    }

    /// <summary>Derives what has changed: mostly nothing, or the privilege alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Update()
    {
        ref CpuState state = ref cpu->State;
        var inputs = new ModeInputs
        {
            Cr0 = state.Cr0,
            Cr4 = state.Cr4,
            Efer = state.Msrs.Efer,
            Flags = state.Rflags & (Rflags.Virtual8086 | Rflags.AlignmentCheck),
            Sizes = (state.Segments[(int)SegmentIndex.Cs].Attributes & (SegmentCache.Long | SegmentCache.Big))
                | ((state.Segments[(int)SegmentIndex.Ss].Attributes & SegmentCache.Big) << 16),
        };
        if (!inputs.Equal(_inputs) | UpdateViews(anew: false))
        {
            _inputs = inputs;
            DeriveAll();
            return;
        }

        int privilege = PresentPrivilege;
        if (privilege != cpu->Cpl)
        {
            SetPrivilege(privilege);
            cpu->Mode = (cpu->Mode & ~CodeMode.User) | (privilege == 3 ? CodeMode.User : 0);
            UpdateKey();
        }
    }

    /// <summary>Derives what follows from a load of ES, DS, FS or GS alone.</summary>
    /// <param name="segment">The register.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void UpdateData(SegmentIndex segment)
    {
        if (!UpdateView((int)segment, anew: false))
        {
            return;
        }

        uint mode = (cpu->Mode & ~CodeMode.FlatData) | (HasFlatData ? CodeMode.FlatData : 0);
        if (mode != cpu->Mode)
        {
            cpu->Mode = mode;
            UpdateKey();
        }
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

    private static Vector128<byte> SeenBits =>
        Vector128.Create(ulong.MaxValue, uint.MaxValue | ((ulong)SeenAttributes << 48)).AsByte();

    private bool HasFlatData =>
        _rules != ViewRules.Long && IsFlat(SegmentIndex.Es) && IsFlat(SegmentIndex.Ss) && IsFlat(SegmentIndex.Ds);

    private int PresentPrivilege => (cpu->State.Cr0 & Cr0.ProtectionEnable) != 0 ? cpu->State.Cpl : 0;

    private void DeriveAll()
    {
        ref CpuState state = ref cpu->State;
        ref SegmentCache cs = ref state.Segments[(int)SegmentIndex.Cs];
        ref SegmentCache ss = ref state.Segments[(int)SegmentIndex.Ss];
        bool protectedMode = (state.Cr0 & Cr0.ProtectionEnable) != 0;
        bool virtual8086 = protectedMode && (state.Rflags & Rflags.Virtual8086) != 0;
        SetPrivilege(PresentPrivilege);
        bool longMode = (state.Msrs.Efer & Efer.LongModeActive) != 0;
        bool code64 = longMode && cs.IsLong;
        cpu->LinearMask = code64 ? ulong.MaxValue : uint.MaxValue;
        cpu->SystemMask = longMode ? ulong.MaxValue : uint.MaxValue;
        cpu->CodeBase = code64 ? 0 : cs.Base;
        cpu->CodeLimit = code64 ? Canonical.Size - 1 : cs.Limit;
        cpu->CodeBias = code64 ? Canonical.Bias : 0;
        cpu->StackMask = code64 ? ulong.MaxValue : ss.IsBig ? uint.MaxValue : ushort.MaxValue;
        ViewRules rules = code64 ? ViewRules.Long : protectedMode ? ViewRules.Protected : ViewRules.Unprotected;
        bool anew = rules != _rules;
        _rules = rules;
        UpdateViews(anew);
        uint mode = (cs.IsBig && !code64 ? CodeMode.Code32 : 0)
            | (code64 ? CodeMode.Code64 : 0)
            | (longMode ? CodeMode.LongMode : 0)
            | (ss.IsBig && !code64 ? CodeMode.Stack32 : 0)
            | (HasFlatData ? CodeMode.FlatData : 0)
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

    private void SetPrivilege(int privilege)
    {
        ref CpuState state = ref cpu->State;
        cpu->Cpl = privilege;
        bool checksAlignment = privilege == 3 && (state.Cr0 & Cr0.AlignmentMask) != 0 && (state.Rflags & Rflags.AlignmentCheck) != 0;
        cpu->ChecksAlignment = checksAlignment ? (byte)1 : (byte)0;
        SelectTlb();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool UpdateViews(bool anew) =>
        UpdateView((int)SegmentIndex.Es, anew)
        | UpdateView((int)SegmentIndex.Cs, anew)
        | UpdateView((int)SegmentIndex.Ss, anew)
        | UpdateView((int)SegmentIndex.Ds, anew)
        | UpdateView((int)SegmentIndex.Fs, anew)
        | UpdateView((int)SegmentIndex.Gs, anew);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool UpdateView(int segment, bool anew)
    {
        ref SegmentCache cache = ref cpu->State.Segments[segment];
        Vector128<byte> now = Unsafe.ReadUnaligned<Vector128<byte>>(ref Unsafe.As<SegmentCache, byte>(ref cache)) & SeenBits;
        if (!anew && now == _seen[segment])
        {
            return false;
        }

        _seen[segment] = now;
        DeriveView(segment);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void DeriveView(int segment)
    {
        ref SegmentCache cache = ref cpu->State.Segments[segment];
        cpu->Views[segment] = _rules == ViewRules.Long ? View64Of(cache, segment) : ViewOf(cache, _rules == ViewRules.Protected);
    }

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

    /// <summary>What all that is derived depends on, beside the segments' bases and limits and the privilege.</summary>
    private struct ModeInputs
    {
        public ulong Cr0;
        public ulong Cr4;
        public ulong Efer;
        public ulong Flags;
        public int Sizes;

        public readonly bool Equal(in ModeInputs other) =>
            ((Cr0 ^ other.Cr0) | (Cr4 ^ other.Cr4) | (Efer ^ other.Efer) | (Flags ^ other.Flags) | (uint)(Sizes ^ other.Sizes)) == 0;
    }

    /// <summary>One segment register for each view, as 16 plain bytes; bits that no view depends on are 0.</summary>
    [InlineArray(6)]
    private struct SeenSegments
    {
        private Vector128<byte> _first;
    }
}
