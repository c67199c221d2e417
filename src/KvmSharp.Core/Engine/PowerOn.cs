using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>The state after RESET. Intel SDM Vol. 3A, "Processor State After Reset".</summary>
internal static unsafe class PowerOn
{
    private const uint ResetBase = 0xFFFF_0000;
    private const ushort ResetSelector = 0xF000;
    private const ulong ResetRip = 0xFFF0;
    private const ulong ResetDr6 = 0xFFFF_0FF0;
    private const ulong ResetDr7 = 0x0000_0400;
    private const ulong ResetApicBase = 0xFEE0_0000;
    private const ulong ResetPat = 0x0007_0406_0007_0406;
    private const ushort ResetX87Control = 0x0040;
    private const uint ResetMxcsr = 0x1F80;
    private const ushort LdtType = SegmentCache.PresentBit | 0x2;
    private const ushort BusyTss32Type = SegmentCache.PresentBit | 0xB;

    /// <summary>Resets a vCPU. Its instruction count goes on, for time must not run backwards.</summary>
    /// <param name="engine">The vCPU.</param>
    public static void Reset(VcpuEngine engine)
    {
        CpuContext* cpu = engine.Cpu;
        ulong retired = cpu->State.InstructionsRetired;
        cpu->State = default;
        ref CpuState state = ref cpu->State;
        state.InstructionsRetired = retired;
        state.General[GeneralRegisterFile.Rdx] = engine.Cpuid.Signature;
        state.Rip = ResetRip;
        state.Rflags = Rflags.AlwaysOne;
        state.Cr0 = Cr0.CacheDisable | Cr0.NotWriteThrough | Cr0.ExtensionType;
        state.Dr6 = ResetDr6;
        state.Dr7 = ResetDr7;
        state.Msrs.ApicBase = ResetApicBase;
        state.Msrs.Pat = ResetPat;
        state.X87.ControlWord = ResetX87Control;
        state.X87.NotEmpty = byte.MaxValue; // eight zeros, all valid
        state.Vector.Mxcsr = ResetMxcsr;
        state.Vector.Xcr0 = 1; // x87 is always managed
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
