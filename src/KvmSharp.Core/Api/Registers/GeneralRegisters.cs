namespace KvmSharp;

/// <summary>General registers, RIP and RFLAGS. Mirrors <c>struct kvm_regs</c>. Outside 64-bit mode the low 32 bits count.</summary>
public readonly record struct GeneralRegisters
{
    /// <summary>Gets RAX.</summary>
    public ulong Rax { get; init; }

    /// <summary>Gets RCX.</summary>
    public ulong Rcx { get; init; }

    /// <summary>Gets RDX.</summary>
    public ulong Rdx { get; init; }

    /// <summary>Gets RBX.</summary>
    public ulong Rbx { get; init; }

    /// <summary>Gets RSP.</summary>
    public ulong Rsp { get; init; }

    /// <summary>Gets RBP.</summary>
    public ulong Rbp { get; init; }

    /// <summary>Gets RSI.</summary>
    public ulong Rsi { get; init; }

    /// <summary>Gets RDI.</summary>
    public ulong Rdi { get; init; }

    /// <summary>Gets R8; no instruction reaches R8 to R15 outside 64-bit mode.</summary>
    public ulong R8 { get; init; }

    /// <summary>Gets R9.</summary>
    public ulong R9 { get; init; }

    /// <summary>Gets R10.</summary>
    public ulong R10 { get; init; }

    /// <summary>Gets R11.</summary>
    public ulong R11 { get; init; }

    /// <summary>Gets R12.</summary>
    public ulong R12 { get; init; }

    /// <summary>Gets R13.</summary>
    public ulong R13 { get; init; }

    /// <summary>Gets R14.</summary>
    public ulong R14 { get; init; }

    /// <summary>Gets R15.</summary>
    public ulong R15 { get; init; }

    /// <summary>Gets RIP: the offset in CS of the next instruction.</summary>
    public ulong Rip { get; init; }

    /// <summary>Gets RFLAGS; bit 1 always reads 1.</summary>
    public ulong Rflags { get; init; }
}
