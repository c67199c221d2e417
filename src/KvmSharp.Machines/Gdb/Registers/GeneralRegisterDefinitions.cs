namespace KvmSharp.Machines.Gdb;

/// <summary>General registers, instruction pointer, flags and selectors, in gdb's order for each architecture.</summary>
internal static class GeneralRegisterDefinitions
{
    private static readonly string[] Names32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
    private static readonly string[] Names64 = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>EAX to EDI, EIP and EFLAGS.</summary>
    public static IEnumerable<RegisterDefinition> For32() =>
        Names32.Select(name => General(name, 32)).Append(Pointer("eip", 32)).Append(Flags());

    /// <summary>RAX to R15, RIP and EFLAGS.</summary>
    public static IEnumerable<RegisterDefinition> For64() =>
        Names64.Select(name => General(name, 64)).Append(Pointer("rip", 64)).Append(Flags());

    private static RegisterDefinition General(string name, int bits)
    {
        string type = name[1..] is "sp" or "bp" ? "data_ptr" : bits == 32 ? "int32" : "int64";
        return new RegisterDefinition(name, bits, type, from => Get(from.General, name), (to, value) => to.General = With(to.General, name, (ulong)value));
    }

    private static RegisterDefinition Pointer(string name, int bits) => new(
        name, bits, "code_ptr", static from => from.General.Rip, static (to, value) => to.General = to.General with { Rip = (ulong)value });

    private static RegisterDefinition Flags() => new(
        "eflags", 32, "i386_eflags", static from => from.General.Rflags, static (to, value) => to.General = to.General with { Rflags = (ulong)value });

    private static ulong Get(in GeneralRegisters from, string name) => name[1..] switch
    {
        "ax" => from.Rax,
        "bx" => from.Rbx,
        "cx" => from.Rcx,
        "dx" => from.Rdx,
        "si" => from.Rsi,
        "di" => from.Rdi,
        "bp" => from.Rbp,
        "sp" => from.Rsp,
        "8" => from.R8,
        "9" => from.R9,
        "10" => from.R10,
        "11" => from.R11,
        "12" => from.R12,
        "13" => from.R13,
        "14" => from.R14,
        _ => from.R15,
    };

    private static GeneralRegisters With(in GeneralRegisters to, string name, ulong value) => name[1..] switch
    {
        "ax" => to with { Rax = value },
        "bx" => to with { Rbx = value },
        "cx" => to with { Rcx = value },
        "dx" => to with { Rdx = value },
        "si" => to with { Rsi = value },
        "di" => to with { Rdi = value },
        "bp" => to with { Rbp = value },
        "sp" => to with { Rsp = value },
        "8" => to with { R8 = value },
        "9" => to with { R9 = value },
        "10" => to with { R10 = value },
        "11" => to with { R11 = value },
        "12" => to with { R12 = value },
        "13" => to with { R13 = value },
        "14" => to with { R14 = value },
        _ => to with { R15 = value },
    };
}
