using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Why an instruction faulted where no descriptor is named: what it is, against what the processor allows at that place.</summary>
/// <remarks>Intel SDM Vol. 2, the exceptions of each instruction, and Vol. 3A, "Exception and Interrupt Reference".</remarks>
internal static class FaultCauses
{
    private const ulong TaskSwitched = 1 << 3;
    private const ulong Emulation = 1 << 2;
    private const ulong OsFxsr = 1 << 9;
    private const ulong TimeStampDisable = 1 << 2;

    /// <summary>Says why, in sentences.</summary>
    public static IEnumerable<string> Of(VcpuView view, int vector)
    {
        if (view.Code.Length == 0)
        {
            yield return "The instruction itself cannot be read.";
            yield break;
        }

        Instruction instruction = InstructionText.Decode(view.Code, view.Bits, view.General.Rip);
        yield return vector switch
        {
            0 => OfDivision(view, instruction),
            ExceptionNames.InvalidOpcode => OfInvalidOpcode(view, instruction),
            ExceptionNames.DeviceNotAvailable => $"The instruction needs the FPU or vector registers, and CR0.{((view.Special.Cr0 & Emulation) != 0 ? "EM" : "TS")} is set: the system is to save the last program's state first, or to emulate.",
            ExceptionNames.GeneralProtection or ExceptionNames.StackFault => OfProtection(view, vector, instruction),
            1 => "A single step (EFLAGS.TF), a debug register or INT1: DR6 tells which.",
            ExceptionNames.Breakpoint => "The instruction is INT3: somebody put a breakpoint there.",
            ExceptionNames.Overflow => "INTO with OF set.",
            5 => "BOUND: the index lies outside its bounds.",
            ExceptionNames.DoubleFault => "A fault came while another one was being delivered, and the two may not be handled one after the other. The events before this one tell which.",
            16 => "An unmasked x87 exception was waiting: the status word tells which.",
            17 => "CR0.AM and EFLAGS.AC are set, CPL is 3, and the operand is not aligned to its size.",
            19 => "An unmasked SIMD floating-point exception: MXCSR tells which.",
            _ => "See the exception's page in the manual.",
        };
    }

    private static string OfDivision(VcpuView view, in Instruction instruction)
    {
        if (instruction.Mnemonic is not (Mnemonic.Div or Mnemonic.Idiv) || instruction.OpCount == 0)
        {
            return "The divisor of AAM is 0, or a quotient does not fit.";
        }

        ulong? divisor = instruction.Op0Kind == OpKind.Register ? RegisterValues.Of(view, instruction.Op0Register)
            : view.Operand is { } bytes && bytes.Length >= instruction.MemorySize.GetSize() ? Number(bytes.AsSpan(0, instruction.MemorySize.GetSize()))
            : null;
        return divisor is { } value ? (value == 0 ? "The divisor is 0." : $"The divisor is {value:X}h, and the quotient does not fit its register.") : "The divisor is 0, or the quotient does not fit.";
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private static string OfInvalidOpcode(VcpuView view, in Instruction instruction)
    {
        bool isVector = instruction.Code.CpuidFeatures().Any(static f => f.ToString().StartsWith("SSE", StringComparison.Ordinal) || f.ToString().StartsWith("AVX", StringComparison.Ordinal));
        return instruction.IsInvalid ? "The bytes are no instruction in this mode: wrong code width, data run into, or a jump astray."
            : instruction.Mnemonic is Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2 ? "The instruction is there to raise #UD: compilers put it where control must not come (BUG, abort)."
            : isVector && (view.Special.Cr4 & OsFxsr) == 0 ? "A vector instruction, and CR4.OSFXSR is 0: the system has not said that it saves those registers."
            : isVector && (view.Special.Cr0 & Emulation) != 0 ? "A vector instruction, and CR0.EM is 1."
            : instruction.HasLockPrefix ? "LOCK in front of an instruction, or a form of it, that does not take it."
            : view.IsReal || view.IsVirtual8086 ? $"{NameOf(instruction)} does not exist in {view.ModeName}, or the processor model does not have it."
            : $"The processor model does not have {NameOf(instruction)}, or a control bit hides it: compare CPUID and CR4.";
    }

    private static string OfProtection(VcpuView view, int vector, in Instruction instruction)
    {
        if (view.Cpl > 0 && instruction.IsPrivileged && !IsPortAccess(instruction) && instruction.Mnemonic is not (Mnemonic.Cli or Mnemonic.Sti))
        {
            return $"{NameOf(instruction)} is privileged: it needs CPL 0, and CPL is {view.Cpl}.";
        }

        int iopl = (int)(view.General.Rflags >> ControlBits.IoplShift) & 3;
        if (IsPortAccess(instruction) && view.Cpl > iopl)
        {
            return $"A port access at CPL {view.Cpl} above IOPL {iopl}, and the I/O permission bitmap of the TSS does not allow it.";
        }

        if (instruction.Mnemonic is Mnemonic.Cli or Mnemonic.Sti && view.Cpl > iopl)
        {
            return $"{NameOf(instruction)} at CPL {view.Cpl} above IOPL {iopl}.";
        }

        if (view.IsVirtual8086 && iopl < 3 && instruction.Mnemonic is Mnemonic.Int or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Popf or Mnemonic.Popfd)
        {
            return $"{NameOf(instruction)} in virtual-8086 mode needs IOPL 3, and IOPL is {iopl}: a monitor is to emulate it.";
        }

        if (view.OperandAddress is { } linear && OfOperand(view, vector, instruction, linear) is { } operand)
        {
            return operand;
        }

        return instruction.Mnemonic switch
        {
            Mnemonic.Rdmsr or Mnemonic.Wrmsr => $"MSR {(uint)view.General.Rcx:X}h does not exist, or does not take EDX:EAX = {(uint)view.General.Rdx:X8}_{(uint)view.General.Rax:X8}h.",
            Mnemonic.Rdtsc or Mnemonic.Rdtscp when (view.Special.Cr4 & TimeStampDisable) != 0 => "CR4.TSD is 1: only CPL 0 may read the time-stamp counter.",
            Mnemonic.Mov when instruction.Op0Register.IsCR() => $"The value {RegisterValues.Of(view, instruction.Op1Register):X}h sets reserved bits of {instruction.Op0Register.ToString().ToUpperInvariant()}, or a combination that is not allowed (PG without PE, NW without CD, PAE off in long mode).",
            Mnemonic.Mov or Mnemonic.Pop when instruction.Op0Register is Register.SS or Register.CS => "A null selector may not be loaded there.",
            _ when instruction.FlowControl is FlowControl.Next or FlowControl.Exception => "A reserved value, a null selector or a misaligned vector operand: see the exceptions of the instruction.",
            _ => "The target lies beyond the limit of its code segment, or is no canonical address.",
        };
    }

    private static string? OfOperand(VcpuView view, int vector, in Instruction instruction, ulong linear)
    {
        if (view.Bits == 64)
        {
            bool canonical = (long)linear << 16 >> 16 == (long)linear;
            return canonical ? null : $"The operand's address {linear:X}h is not canonical: bits 63 to 47 must be alike.";
        }

        Register register = vector == ExceptionNames.StackFault ? Register.SS : instruction.MemorySegment;
        SegmentRegister segment = RegisterValues.Segment(view, register);
        uint offset = (uint)(linear - segment.Base);
        int size = Math.Max(1, instruction.MemorySize.GetSize());
        bool isDown = segment is { CodeOrData: true } && (segment.Type & 0xC) == 4;
        bool inside = isDown ? offset > segment.Limit : (ulong)offset + (uint)size - 1 <= segment.Limit;
        return segment.Unusable ? $"{register} holds a null selector, and the operand is reached through it."
            : !inside ? $"The operand at offset {offset:X}h ({size} bytes) of {register} lies {(isDown ? "below" : "beyond")} the segment's limit {segment.Limit:X}h."
            : (segment.Type & 8) != 0 ? $"{register} holds a code segment, which cannot be written{((segment.Type & 2) == 0 ? " nor read" : string.Empty)}."
            : (segment.Type & 2) == 0 ? $"{register} holds a read-only data segment."
            : null;
    }

    private static string NameOf(in Instruction instruction) => instruction.Mnemonic.ToString().ToUpperInvariant();

    private static bool IsPortAccess(in Instruction instruction) => instruction.Mnemonic is Mnemonic.In or Mnemonic.Out
        or Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd or Mnemonic.Outsb or Mnemonic.Outsw or Mnemonic.Outsd;
}
