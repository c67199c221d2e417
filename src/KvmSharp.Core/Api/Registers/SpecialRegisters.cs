namespace KvmSharp;

/// <summary>Segments, tables, control registers, EFER and APIC base. Mirrors <c>struct kvm_sregs</c>.</summary>
public readonly record struct SpecialRegisters
{
    /// <summary>Gets CS.</summary>
    public SegmentRegister Cs { get; init; }

    /// <summary>Gets DS.</summary>
    public SegmentRegister Ds { get; init; }

    /// <summary>Gets ES.</summary>
    public SegmentRegister Es { get; init; }

    /// <summary>Gets FS.</summary>
    public SegmentRegister Fs { get; init; }

    /// <summary>Gets GS.</summary>
    public SegmentRegister Gs { get; init; }

    /// <summary>Gets SS; its privilege level is the CPL.</summary>
    public SegmentRegister Ss { get; init; }

    /// <summary>Gets TR.</summary>
    public SegmentRegister Tr { get; init; }

    /// <summary>Gets LDTR.</summary>
    public SegmentRegister Ldt { get; init; }

    /// <summary>Gets GDTR.</summary>
    public DescriptorTable Gdt { get; init; }

    /// <summary>Gets IDTR; also used in real mode.</summary>
    public DescriptorTable Idt { get; init; }

    /// <summary>Gets CR0.</summary>
    public ulong Cr0 { get; init; }

    /// <summary>Gets CR2: the linear address of the last page fault.</summary>
    public ulong Cr2 { get; init; }

    /// <summary>Gets CR3: the guest-physical address of the page directory.</summary>
    public ulong Cr3 { get; init; }

    /// <summary>Gets CR4.</summary>
    public ulong Cr4 { get; init; }

    /// <summary>Gets CR8: bits 7:4 of the local APIC's task priority; without local APICs it has no effect.</summary>
    public ulong Cr8 { get; init; }

    /// <summary>Gets EFER: SCE (bit 0), LME (8), LMA (10) and NXE (11). LMA is set exactly when LME and CR0.PG are.</summary>
    public ulong Efer { get; init; }

    /// <summary>Gets IA32_APIC_BASE.</summary>
    public ulong ApicBase { get; init; }
}
