namespace KvmSharp.Cli.Labs;

/// <summary>Reads a register by the name that the documents of the labs use.</summary>
internal static class RegisterNames
{
    /// <summary>Reads one.</summary>
    /// <exception cref="HostException">There is none of that name.</exception>
    public static ulong Read(VirtualCpu vcpu, string name)
    {
        GeneralRegisters general = vcpu.GetRegisters();
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        return name.ToLowerInvariant() switch
        {
            "rax" => general.Rax,
            "rbx" => general.Rbx,
            "rcx" => general.Rcx,
            "rdx" => general.Rdx,
            "rsi" => general.Rsi,
            "rdi" => general.Rdi,
            "rsp" => general.Rsp,
            "rbp" => general.Rbp,
            "r8" => general.R8,
            "r9" => general.R9,
            "r10" => general.R10,
            "r11" => general.R11,
            "r12" => general.R12,
            "r13" => general.R13,
            "r14" => general.R14,
            "r15" => general.R15,
            "rip" => general.Rip,
            "rflags" => general.Rflags,
            "cr0" => special.Cr0,
            "cr2" => special.Cr2,
            "cr3" => special.Cr3,
            "cr4" => special.Cr4,
            "efer" => special.Efer,
            "gdt.base" => special.Gdt.Base,
            "idt.base" => special.Idt.Base,
            ['c', 's', '.', .. var part] => Read(special.Cs, part),
            ['d', 's', '.', .. var part] => Read(special.Ds, part),
            ['e', 's', '.', .. var part] => Read(special.Es, part),
            ['s', 's', '.', .. var part] => Read(special.Ss, part),
            _ => throw Unknown(name),
        };
    }

    private static ulong Read(SegmentRegister segment, string part) => part switch
    {
        "selector" => segment.Selector,
        "base" => segment.Base,
        "limit" => segment.Limit,
        "type" => segment.Type,
        "dpl" => segment.Dpl,
        "big" => segment.DefaultBig ? 1UL : 0,
        "long" => segment.LongMode ? 1UL : 0,
        _ => throw Unknown(part),
    };

    private static HostException Unknown(string name) => new($"'{name}' is no register that a check can look at.");
}
