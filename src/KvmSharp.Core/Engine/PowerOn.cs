using KvmSharp.Apic;
using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>The states after RESET and INIT. Intel SDM Vol. 3A, "Processor State After Reset", table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT".</summary>
internal static unsafe class PowerOn
{
    private const uint ResetBase = 0xFFFF_0000;
    private const ushort ResetSelector = 0xF000;
    private const ulong ResetRip = 0xFFF0;
    private const ulong ResetDr6 = 0xFFFF_0FF0;
    private const ulong ResetDr7 = 0x0000_0400;
    private const ulong ResetApicBase = 0xFEE0_0000;
    private const ulong ResetPat = 0x0007_0406_0007_0406;
    private const int PageShift = 12;
    private const int SelectorShift = 8;
    private const ushort ResetX87Control = 0x0040;
    private const uint ResetMxcsr = 0x1F80;
    private const ushort LdtType = SegmentCache.PresentBit | 0x2;
    private const ushort BusyTss32Type = SegmentCache.PresentBit | 0xB;

    /// <summary>Resets a vCPU. Its instruction count goes on, for time must not run backwards.</summary>
    /// <param name="engine">The vCPU.</param>
    public static void Reset(VcpuEngine engine)
    {
        ref CpuState state = ref engine.Cpu->State;
        ulong retired = state.InstructionsRetired;
        state = default;
        state.InstructionsRetired = retired;
        state.Cr0 = Cr0.CacheDisable | Cr0.NotWriteThrough;
        state.Msrs.ApicBase = ResetApicBase;
        state.Msrs.Pat = ResetPat;
        state.Msrs.MiscEnable = SystemRegisters.ModelSpecific.FastStrings;
        state.X87.ControlWord = ResetX87Control;
        state.X87.NotEmpty = byte.MaxValue; // eight zeros, all valid
        state.Vector.Mxcsr = ResetMxcsr;
        state.Vector.Xcr0 = 1; // x87 is always managed
        if (engine.Apic is not null)
        {
            state.Msrs.ApicBase |= ApicBase.Enable | (engine.IsBoot ? ApicBase.BootProcessor : 0);
            state.Events.MpState = engine.IsBoot ? MpState.Runnable : MpState.Uninitialized;
        }

        SetCommon(engine);
        engine.Apic?.Reset();
    }

    /// <summary>INIT: registers and modes start anew; x87, vector registers, MSRs, cache control and the time-stamp counter stay.</summary>
    /// <param name="engine">The vCPU, between two instructions.</param>
    public static void Initialize(VcpuEngine engine)
    {
        ref CpuState state = ref engine.Cpu->State;
        CpuState before = state;
        state = default;
        state.InstructionsRetired = before.InstructionsRetired;
        state.TscOffset = before.TscOffset;
        state.Cr0 = before.Cr0 & (Cr0.CacheDisable | Cr0.NotWriteThrough);
        state.Msrs = before.Msrs;
        state.Msrs.Efer = 0;
        state.X87 = before.X87;
        state.Vector = before.Vector;
        SetCommon(engine);
    }

    /// <summary>A start-up IPI: real mode, at the start of a page below 1 MiB.</summary>
    /// <param name="engine">A vCPU that INIT has left waiting.</param>
    /// <param name="page">The page's number.</param>
    public static void StartAt(VcpuEngine engine, byte page)
    {
        ref CpuState state = ref engine.Cpu->State;
        ref SegmentCache code = ref state.Segments[(int)SegmentIndex.Cs];
        code.Selector = (ushort)(page << SelectorShift);
        code.Base = (ulong)page << PageShift;
        state.Rip = 0;
        engine.UpdateMode();
    }

    // What RESET and INIT have in common.
    private static void SetCommon(VcpuEngine engine)
    {
        CpuContext* cpu = engine.Cpu;
        ref CpuState state = ref cpu->State;
        state.General[GeneralRegisterFile.Rdx] = engine.Cpuid.Signature;
        state.Rip = ResetRip;
        state.Rflags = Rflags.AlwaysOne;
        state.Cr0 |= Cr0.ExtensionType;
        state.Dr6 = ResetDr6;
        state.Dr7 = ResetDr7;
        state.Events.InjectedInterrupt = EventState.NoInterrupt;
        for (int i = 0; i <= (int)SegmentIndex.Gs; i++)
        {
            state.Segments[i] = new SegmentCache { Limit = ushort.MaxValue, Attributes = SegmentCache.RealModeData };
        }

        state.Segments[(int)SegmentIndex.Cs] = new SegmentCache
        {
            Selector = ResetSelector,
            Base = ResetBase,
            Limit = ushort.MaxValue,
            Attributes = SegmentCache.RealModeCode,
        };
        state.Segments[(int)SegmentIndex.Ldtr] = new SegmentCache { Limit = ushort.MaxValue, Attributes = LdtType };
        state.Segments[(int)SegmentIndex.Tr] = new SegmentCache { Limit = ushort.MaxValue, Attributes = BusyTss32Type };
        state.Gdtr.Limit = ushort.MaxValue;
        state.Idtr.Limit = ushort.MaxValue;
        cpu->Flags = Operations.ArithmeticFlags.FromRflags(state.Rflags);
        engine.Intercepts.Drop();
        engine.UpdateMode();
        engine.Breakpoints.Update();
        engine.Mmu.Flush(keepGlobal: false);
    }
}
