namespace KvmSharp.Cli;

/// <summary>What to look at next.</summary>
internal static class Advice
{
    public static IEnumerable<string> Lines(TraceRecord record) => record.Kind switch
    {
        "fault" => OfFault(record),
        "exit" => record.Reason switch
        {
            "Shutdown" =>
            [
                "The first event on the way is the cause, the others its consequences: explain that one.",
                "Then the IDT: is it loaded (LIDT) with a limit that holds entry 8, and are its gates present? Is the stack mapped?",
            ],
            "Hlt" => ["If this was not meant: the instruction before it, and who jumped here (the stack). If it waits: is the interrupt unmasked at the PIC or IO-APIC, and is IF set?"],
            "InternalError" => ["If RIP looks wrong, the last far jumps and returns before it (--trace instructions --max-instructions N). Else it is KvmSharp's: please report the bytes."],
            _ => ["The events right before this one."],
        },
        "halt" => ["Which interrupt should come: its bit in the PIC's IMR (ports 21h, A1h) or its entry in the IO-APIC, the timer's counter, and IF."],
        "port" or "mmio" or "unmapped" => ["The events around this one with the same port or address; docs/devices has a page for each chip."],
        "hypercall" => ["The caller's number and arguments (RAX, RBX, RCX, RDX, RSI); the result -1000 is KVM's \"no such call\"."],
        "memory" => ["Earlier and later accesses to the same address in this trace: who wrote it last?"],
        _ => ["The events right before and behind this one."],
    };

    private static IEnumerable<string> OfFault(TraceRecord record)
    {
        string address = record.Address is { } cr2 ? $"{cr2:X}h" : "the address";
        yield return record.Vector switch
        {
            ExceptionNames.PageFault when record.Address < 0x1000 => "An address below 4 KiB: a null pointer, or a member reached through one. Which register of the operand is 0?",
            ExceptionNames.PageFault when record.Address == record.Rip => "The fetch itself faulted: a jump or return astray. The stack shows who came here.",
            ExceptionNames.PageFault => $"The entry that refused, and who should have set it: `kvmsharp walk {address}` on a snapshot shows it later. A system that maps on demand expects this fault; then its handler's IRET goes on.",
            ExceptionNames.InvalidOpcode => "The bytes at RIP against the image (`kvmsharp disasm`), and the code width: CS.D and CS.L.",
            ExceptionNames.DoubleFault => "The first event on the way is the cause: explain that one.",
            ExceptionNames.GeneralProtection or ExceptionNames.NotPresent or ExceptionNames.StackFault or ExceptionNames.InvalidTss => "The descriptor tables: GDTR, LDTR and IDTR (`kvmsharp regs`), and the code that fills them.",
            ExceptionNames.DeviceNotAvailable => "Whether the handler clears CR0.TS (CLTS) and restores the program's FPU state.",
            0 => "Where the divisor comes from.",
            _ => "The handler that the gate leads to.",
        };
    }
}
