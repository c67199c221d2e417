using System.Globalization;
using System.Runtime.Intrinsics;
using KvmSharp.Cpu;

namespace KvmSharp.Lockstep;

/// <summary>Lists all that a vCPU architecturally is, name by name, for people to read what differs.</summary>
internal static class VcpuListing
{
    private static readonly string[] GeneralNames =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];

    /// <summary>Lists a vCPU's state.</summary>
    /// <param name="vcpu">The vCPU, which does not run.</param>
    /// <returns>Names and values, always in the same order and number.</returns>
    public static List<(string Name, string Value)> Of(VirtualCpu vcpu)
    {
        List<(string Name, string Value)> list = [];
        void Add(string name, ulong value) => list.Add((name, value.ToString("X", CultureInfo.InvariantCulture) + "h"));

        ref readonly CpuState state = ref vcpu.LookAtState();
        for (int i = 0; i < GeneralNames.Length; i++)
        {
            Add(GeneralNames[i], state.General[i]);
        }

        Add("RIP", state.Rip);
        Add("RFLAGS", state.Rflags);
        AddSegments(state, Add);
        AddControl(state, Add);
        AddModelSpecific(state.Msrs, Add);
        AddFloatingPoint(state, Add);
        AddEvents(state.Events, Add);
        list.Add(("instructions retired", vcpu.InstructionsRetired.ToString(CultureInfo.InvariantCulture)));
        Add("TSC offset", state.TscOffset);
        Add("interrupts delivered", vcpu.Statistics.Interrupts);
        Add("exceptions delivered", vcpu.Statistics.Exceptions);
        Add("unfinished exit", vcpu.HasPendingExit ? 1UL : 0);
        if (vcpu.Engine.Apic is not null && !vcpu.HasPendingExit)
        {
            AddLocalApic(vcpu.GetLocalApic(), Add);
        }

        return list;
    }

    private static void AddSegments(in CpuState state, Action<string, ulong> add)
    {
        for (SegmentIndex index = SegmentIndex.Es; index <= SegmentIndex.Tr; index++)
        {
            SegmentCache segment = state.Segments[(int)index];
            string name = index.ToString().ToUpperInvariant();
            add(name, segment.Selector);
            add($"{name}.base", segment.Base);
            add($"{name}.limit", segment.Limit);
            add($"{name}.attributes", segment.Attributes);
        }

        add("GDTR.base", state.Gdtr.Base);
        add("GDTR.limit", state.Gdtr.Limit);
        add("IDTR.base", state.Idtr.Base);
        add("IDTR.limit", state.Idtr.Limit);
    }

    private static void AddControl(in CpuState state, Action<string, ulong> add)
    {
        add("CR0", state.Cr0);
        add("CR2", state.Cr2);
        add("CR3", state.Cr3);
        add("CR4", state.Cr4);
        add("CR8", state.Cr8);
        add("DR0", state.Dr0);
        add("DR1", state.Dr1);
        add("DR2", state.Dr2);
        add("DR3", state.Dr3);
        add("DR6", state.Dr6);
        add("DR7", state.Dr7);
        add("XCR0", state.Vector.Xcr0);
    }

    private static void AddModelSpecific(in ModelSpecificRegisters msrs, Action<string, ulong> add)
    {
        add("IA32_APIC_BASE", msrs.ApicBase);
        add("IA32_EFER", msrs.Efer);
        add("IA32_STAR", msrs.Star);
        add("IA32_LSTAR", msrs.Lstar);
        add("IA32_CSTAR", msrs.Cstar);
        add("IA32_FMASK", msrs.SyscallFlagMask);
        add("IA32_KERNEL_GS_BASE", msrs.KernelGsBase);
        add("IA32_SYSENTER_CS", msrs.SysenterCs);
        add("IA32_SYSENTER_ESP", msrs.SysenterEsp);
        add("IA32_SYSENTER_EIP", msrs.SysenterEip);
        add("IA32_PAT", msrs.Pat);
        add("IA32_MISC_ENABLE", msrs.MiscEnable);
        add("IA32_MTRR_DEF_TYPE", msrs.MtrrDefType);
        add("IA32_TSC_AUX", msrs.TscAux);
        add("IA32_SPEC_CTRL", msrs.SpeculationControl);
        add("IA32_TSC_ADJUST", msrs.TscAdjust);
        add("IA32_MCG_STATUS", msrs.McgStatus);
        ReadOnlySpan<ulong> variable = msrs.VariableRanges;
        for (int i = 0; i < variable.Length; i++)
        {
            add($"IA32_MTRR_PHYS{(i % 2 == 0 ? "BASE" : "MASK")}{i / 2}", variable[i]);
        }

        ReadOnlySpan<ulong> fixedRanges = msrs.FixedRanges;
        for (int i = 0; i < fixedRanges.Length; i++)
        {
            add($"fixed-range MTRR {i}", fixedRanges[i]);
        }
    }

    private static void AddFloatingPoint(in CpuState state, Action<string, ulong> add)
    {
        add("FCW", state.X87.ControlWord);
        add("FSW", state.X87.StatusWord);
        add("x87 registers in use", state.X87.NotEmpty);
        add("FOP", state.X87.Opcode);
        add("FIP", state.X87.InstructionPointer);
        add("FDP", state.X87.DataPointer);
        add("FCS", state.X87.InstructionSelector);
        add("FDS", state.X87.DataSelector);
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            add($"R{i}.significand of the x87", state.X87.Registers[i].Significand);
            add($"R{i}.exponent of the x87", state.X87.Registers[i].SignExponent);
        }

        for (int i = 0; i < XmmRegisters.Count; i++)
        {
            add($"XMM{i}[63:0]", state.Vector.Registers[i].AsUInt64()[0]);
            add($"XMM{i}[127:64]", state.Vector.Registers[i].AsUInt64()[1]);
        }

        add("MXCSR", state.Vector.Mxcsr);
    }

    private static void AddEvents(in EventState events, Action<string, ulong> add)
    {
        add("MP state", (ulong)events.MpState);
        add("event under way", events.Delivering.Valid);
        add("event under way: vector", events.Delivering.Vector);
        add("event under way: error code", events.Delivering.ErrorCode | ((ulong)events.Delivering.HasErrorCode << 32));
        add("event under way: kind", (ulong)events.Delivering.Kind);
        add("injected interrupt", (ushort)events.InjectedInterrupt);
        add("NMI pending", events.NmiPending);
        add("NMI masked", events.NmiMasked);
        add("STI shadow", events.StiShadow);
        add("MOV SS shadow", events.MovSsShadow);
        add("debug trap pending", events.PendingDebugTrap);
    }

    private static void AddLocalApic(LocalApicState apic, Action<string, ulong> add)
    {
        for (int i = 0; i < ApicRegisters.Length; i++)
        {
            add($"APIC register {i * 16:X3}h", apic.Registers[i]);
        }

        add("APIC timer due", (ulong)apic.TimerDue);
        add("IA32_TSC_DEADLINE", apic.TscDeadline);
        add("APIC errors pending", apic.PendingErrors);
        add("APIC start-up pending", apic.PendingStartup);
        add("APIC inputs", apic.Inputs);
    }
}
