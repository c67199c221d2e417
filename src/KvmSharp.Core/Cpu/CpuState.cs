using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Cpu;

/// <summary>All that a virtual processor architecturally is: copied whole it is the snapshot and what differential tests compare.</summary>
/// <remarks>
/// Nothing that is derived or cached lives here: lazy flags, TLB, decoded code and counters are beside it, in <see cref="CpuContext"/>.
/// RFLAGS and RIP are exact whenever the processor stands between two instructions.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct CpuState
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, in encoding order.</summary>
    public GeneralRegisterFile General;

    public ulong Rip;
    public ulong Rflags;

    public VectorState Vector;
    public X87State X87;

    /// <summary>ES, CS, SS, DS, FS, GS, LDTR, TR: see <see cref="SegmentIndex"/>.</summary>
    public SegmentRegisterFile Segments;

    public TableRegister Gdtr;
    public TableRegister Idtr;

    public ulong Cr0;
    public ulong Cr2;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Cr8;

    public ulong Dr0;
    public ulong Dr1;
    public ulong Dr2;
    public ulong Dr3;
    public ulong Dr6;
    public ulong Dr7;

    public ModelSpecificRegisters Msrs;

    /// <summary>The time-stamp counter at virtual time 0 of this vCPU: RDTSC adds the clock to it.</summary>
    public ulong TscOffset;

    public EventState Events;

    /// <summary>Instructions retired since the vCPU was made; see ARCHITECTURE for what counts as one.</summary>
    public ulong InstructionsRetired;

    public readonly int Cpl => Segments[(int)SegmentIndex.Ss].Dpl;
}

/// <summary>The sixteen general registers.</summary>
[InlineArray(Count)]
internal struct GeneralRegisterFile
{
    public const int Count = 16;
    public const int Rax = 0;
    public const int Rcx = 1;
    public const int Rdx = 2;
    public const int Rbx = 3;
    public const int Rsp = 4;
    public const int Rbp = 5;
    public const int Rsi = 6;
    public const int Rdi = 7;

    private ulong _first;
}

/// <summary>The eight segment registers, in the order of <see cref="SegmentIndex"/>.</summary>
[InlineArray(8)]
internal struct SegmentRegisterFile
{
    private SegmentCache _first;
}

/// <summary>The model-specific registers that hold something. Intel SDM Vol. 4.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModelSpecificRegisters
{
    public ulong ApicBase;
    public ulong Efer;
    public ulong Star;
    public ulong Lstar;
    public ulong Cstar;
    public ulong SyscallFlagMask;
    public ulong KernelGsBase;
    public ulong SysenterCs;
    public ulong SysenterEsp;
    public ulong SysenterEip;
    public ulong Pat;
    public ulong MiscEnable;
    public ulong MtrrDefType;
    public ulong TscAux;
    public ulong SpeculationControl;
    public ulong TscAdjust;
    public ulong McgStatus;

    /// <summary>IA32_MTRR_PHYSBASEn and PHYSMASKn, alternating.</summary>
    public VariableRangeRegisters VariableRanges;

    /// <summary>The fixed-range MTRRs in the order of their addresses.</summary>
    public FixedRangeRegisters FixedRanges;
}

/// <summary>Eight variable ranges, two registers each.</summary>
[InlineArray(16)]
internal struct VariableRangeRegisters
{
    private ulong _first;
}

/// <summary>The eleven registers for the first mebibyte.</summary>
[InlineArray(11)]
internal struct FixedRangeRegisters
{
    private ulong _first;
}

/// <summary>Events between their cause and their delivery, and the states that hold them back. Mirrors <c>struct kvm_vcpu_events</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EventState
{
    /// <summary>The value of <see cref="InjectedInterrupt"/> when there is none.</summary>
    public const short NoInterrupt = -1;

    /// <summary>An event whose delivery has begun and is not finished: it met an MMIO exit while pushing its frame.</summary>
    public PendingEvent Delivering;

    /// <summary>The vector of an external interrupt that the embedder injected (KVM_INTERRUPT) and that waits for IF.</summary>
    public short InjectedInterrupt;

    public byte NmiPending;

    /// <summary>Set by the delivery of an NMI, cleared by IRET: no second NMI meanwhile.</summary>
    public byte NmiMasked;

    /// <summary>Set by STI for one instruction. Intel SDM Vol. 2B, "STI".</summary>
    public byte StiShadow;

    /// <summary>Set by MOV SS and POP SS for one instruction; holds back traps and NMIs too.</summary>
    public byte MovSsShadow;

    public MpState MpState;

    /// <summary>A single-step trap that waits behind a MOV SS shadow or a device access: bits for DR6, 0 when none.</summary>
    public uint PendingDebugTrap;
}

/// <summary>One event on its way through the IDT or IVT.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PendingEvent
{
    public byte Valid;
    public byte Vector;
    public byte HasErrorCode;
    public EventKind Kind;
    public uint ErrorCode;
}

/// <summary>Where an event comes from: it decides privilege checks, the saved RIP, the EXT bit and what a second fault makes of it.</summary>
internal enum EventKind : byte
{
    /// <summary>An external interrupt or NMI.</summary>
    External,

    /// <summary>A fault or trap of the processor's own.</summary>
    Exception,

    /// <summary>INT n: gate DPL is checked; the saved RIP is behind the instruction.</summary>
    SoftwareInterrupt,

    /// <summary>INT3 and INTO: as INT n.</summary>
    SoftwareException,

    /// <summary>INT1 (ICEBP): as INT n, without the DPL check.</summary>
    PrivilegedSoftwareException,
}
