using KvmSharp.Cpuid;

namespace KvmSharp.Cpu;

/// <summary>Between the embedder's register records and the state.</summary>
internal static class RegisterAccess
{
    public static GeneralRegisters GetGeneral(in CpuState state) => new()
    {
        Rax = state.General[0],
        Rcx = state.General[1],
        Rdx = state.General[2],
        Rbx = state.General[3],
        Rsp = state.General[4],
        Rbp = state.General[5],
        Rsi = state.General[6],
        Rdi = state.General[7],
        R8 = state.General[8],
        R9 = state.General[9],
        R10 = state.General[10],
        R11 = state.General[11],
        R12 = state.General[12],
        R13 = state.General[13],
        R14 = state.General[14],
        R15 = state.General[15],
        Rip = state.Rip,
        Rflags = state.Rflags,
    };

    public static void SetGeneral(ref CpuState state, in GeneralRegisters registers)
    {
        ReadOnlySpan<ulong> values =
        [
            registers.Rax, registers.Rcx, registers.Rdx, registers.Rbx, registers.Rsp, registers.Rbp, registers.Rsi, registers.Rdi,
            registers.R8, registers.R9, registers.R10, registers.R11, registers.R12, registers.R13, registers.R14, registers.R15,
        ];
        for (int i = 0; i < values.Length; i++)
        {
            state.General[i] = values[i];
        }

        state.Rip = registers.Rip;
        state.Rflags = (registers.Rflags & Rflags.Defined) | Rflags.AlwaysOne;
    }

    public static SpecialRegisters GetSpecial(in CpuState state) => new()
    {
        Es = GetSegment(state.Segments[(int)SegmentIndex.Es]),
        Cs = GetSegment(state.Segments[(int)SegmentIndex.Cs]),
        Ss = GetSegment(state.Segments[(int)SegmentIndex.Ss]),
        Ds = GetSegment(state.Segments[(int)SegmentIndex.Ds]),
        Fs = GetSegment(state.Segments[(int)SegmentIndex.Fs]),
        Gs = GetSegment(state.Segments[(int)SegmentIndex.Gs]),
        Ldt = GetSegment(state.Segments[(int)SegmentIndex.Ldtr]),
        Tr = GetSegment(state.Segments[(int)SegmentIndex.Tr]),
        Gdt = new DescriptorTable(state.Gdtr.Base, state.Gdtr.Limit),
        Idt = new DescriptorTable(state.Idtr.Base, state.Idtr.Limit),
        Cr0 = state.Cr0,
        Cr2 = state.Cr2,
        Cr3 = state.Cr3,
        Cr4 = state.Cr4,
        Cr8 = state.Cr8,
        Efer = state.Msrs.Efer,
        ApicBase = state.Msrs.ApicBase,
    };

    public static void SetSpecial(ref CpuState state, in SpecialRegisters registers, CpuFeatures features)
    {
        RequireOffered(registers, features);
        state.Segments[(int)SegmentIndex.Es] = MakeSegment(registers.Es);
        state.Segments[(int)SegmentIndex.Cs] = MakeSegment(registers.Cs);
        state.Segments[(int)SegmentIndex.Ss] = MakeSegment(registers.Ss);
        state.Segments[(int)SegmentIndex.Ds] = MakeSegment(registers.Ds);
        state.Segments[(int)SegmentIndex.Fs] = MakeSegment(registers.Fs);
        state.Segments[(int)SegmentIndex.Gs] = MakeSegment(registers.Gs);
        state.Segments[(int)SegmentIndex.Ldtr] = MakeSegment(registers.Ldt);
        state.Segments[(int)SegmentIndex.Tr] = MakeSegment(registers.Tr);
        state.Gdtr = new TableRegister { Base = registers.Gdt.Base, Limit = registers.Gdt.Limit };
        state.Idtr = new TableRegister { Base = registers.Idt.Base, Limit = registers.Idt.Limit };
        state.Cr0 = registers.Cr0 | Cr0.ExtensionType;
        state.Cr2 = registers.Cr2;
        state.Cr3 = registers.Cr3;
        state.Cr4 = registers.Cr4;
        state.Cr8 = registers.Cr8 & 0xF;
        state.Msrs.Efer = registers.Efer;
        state.Msrs.ApicBase = registers.ApicBase;
    }

    public static DebugRegisters GetDebug(in CpuState state) => new(state.Dr0, state.Dr1, state.Dr2, state.Dr3, state.Dr6, state.Dr7);

    public static void SetDebug(ref CpuState state, in DebugRegisters registers)
    {
        (state.Dr0, state.Dr1) = (registers.Dr0, registers.Dr1);
        (state.Dr2, state.Dr3) = (registers.Dr2, registers.Dr3);
        (state.Dr6, state.Dr7) = ((uint)registers.Dr6, (uint)registers.Dr7);
    }

    public static VcpuEvents GetEvents(in CpuState state)
    {
        ref readonly EventState events = ref state.Events;
        bool delivering = events.Delivering.Valid != 0;
        return new VcpuEvents
        {
            DeliveringVector = delivering ? events.Delivering.Vector : null,
            DeliveringErrorCode = delivering && events.Delivering.HasErrorCode != 0 ? events.Delivering.ErrorCode : null,
            DeliveringIsExternal = delivering && events.Delivering.Kind == EventKind.External,
            InjectedInterrupt = events.InjectedInterrupt == EventState.NoInterrupt ? null : (byte)events.InjectedInterrupt,
            NmiPending = events.NmiPending != 0,
            NmiMasked = events.NmiMasked != 0,
            StiShadow = events.StiShadow != 0,
            MovSsShadow = events.MovSsShadow != 0,
        };
    }

    public static void SetEvents(ref CpuState state, in VcpuEvents events)
    {
        ref EventState target = ref state.Events;
        target.Delivering = events.DeliveringVector is not { } vector ? default : new PendingEvent
        {
            Valid = 1,
            Vector = vector,
            Kind = events.DeliveringIsExternal ? EventKind.External : EventKind.Exception,
            HasErrorCode = ToByte(events.DeliveringErrorCode is not null),
            ErrorCode = events.DeliveringErrorCode ?? 0,
        };
        target.InjectedInterrupt = events.InjectedInterrupt ?? EventState.NoInterrupt;
        target.NmiPending = ToByte(events.NmiPending);
        target.NmiMasked = ToByte(events.NmiMasked);
        target.StiShadow = ToByte(events.StiShadow);
        target.MovSsShadow = ToByte(events.MovSsShadow);
    }

    private static byte ToByte(bool value) => value ? (byte)1 : (byte)0;

    private static void RequireOffered(in SpecialRegisters registers, CpuFeatures features)
    {
        if ((registers.Cr0 & Cr0.Paging) != 0 && (registers.Cr0 & Cr0.ProtectionEnable) == 0)
        {
            throw KvmException.Invalid("CR0.PG needs CR0.PE");
        }

        if ((registers.Cr0 & ~Cr0.Defined) != 0 || (registers.Cr4 & ~features.Cr4) != 0 || (registers.Efer & ~features.Efer) != 0)
        {
            throw KvmException.Invalid($"CR0 {registers.Cr0:X}h, CR4 {registers.Cr4:X}h or EFER {registers.Efer:X}h has a bit that this processor lacks");
        }

        if (registers.Cr3 >= Paging.PhysicalAddress.End)
        {
            throw KvmException.Invalid($"CR3 {registers.Cr3:X}h is beyond {Paging.PhysicalAddress.Bits} address bits");
        }

        // As KVM does: long mode is what LME and paging together make it, and it needs PAE.
        bool active = (registers.Efer & Efer.LongModeEnable) != 0 && (registers.Cr0 & Cr0.Paging) != 0;
        bool needsPae = active && (registers.Cr4 & Cr4.PhysicalAddressExtension) == 0;
        if (active != ((registers.Efer & Efer.LongModeActive) != 0) || needsPae || (!active && registers.Cs.LongMode))
        {
            throw KvmException.Invalid("EFER.LMA must be set with EFER.LME, CR0.PG and CR4.PAE together, else it and CS.L must be clear");
        }
    }

    private static SegmentRegister GetSegment(in SegmentCache cache) => new()
    {
        Base = cache.Base,
        Limit = cache.Limit,
        Selector = cache.Selector,
        Type = (byte)(cache.Attributes & SegmentCache.TypeMask),
        CodeOrData = (cache.Attributes & SegmentCache.CodeOrData) != 0,
        Dpl = (byte)cache.Dpl,
        Present = (cache.Attributes & SegmentCache.PresentBit) != 0,
        Available = (cache.Attributes & SegmentCache.Available) != 0,
        LongMode = cache.IsLong,
        DefaultBig = cache.IsBig,
        Granularity = (cache.Attributes & SegmentCache.Granularity) != 0,
        Unusable = cache.Unusable,
    };

    private static SegmentCache MakeSegment(in SegmentRegister register) => new()
    {
        Base = register.Base,
        Limit = register.Limit,
        Selector = register.Selector,
        Attributes = (ushort)((register.Type & SegmentCache.TypeMask)
            | ((register.Dpl << SegmentCache.DplShift) & SegmentCache.DplMask)
            | (register.CodeOrData ? SegmentCache.CodeOrData : 0)
            | (register.Present ? SegmentCache.PresentBit : 0)
            | (register.Available ? SegmentCache.Available : 0)
            | (register.LongMode ? SegmentCache.Long : 0)
            | (register.DefaultBig ? SegmentCache.Big : 0)
            | (register.Granularity ? SegmentCache.Granularity : 0)
            | (register.Unusable ? SegmentCache.UnusableBit : 0)),
    };
}
