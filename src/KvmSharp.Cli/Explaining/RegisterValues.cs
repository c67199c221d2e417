using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Register values by Iced's names.</summary>
internal static class RegisterValues
{
    /// <summary>A general register of any width, or the base of a segment register; 0 for others.</summary>
    public static ulong Of(VcpuView view, Register register)
    {
        if (register.IsSegmentRegister())
        {
            return BaseOf(view, register);
        }

        if (!register.IsGPR())
        {
            return register is Register.EIP or Register.RIP ? view.General.Rip : 0;
        }

        GeneralRegisters r = view.General;
        ulong full = register.GetFullRegister() switch
        {
            Register.RAX => r.Rax,
            Register.RCX => r.Rcx,
            Register.RDX => r.Rdx,
            Register.RBX => r.Rbx,
            Register.RSP => r.Rsp,
            Register.RBP => r.Rbp,
            Register.RSI => r.Rsi,
            Register.RDI => r.Rdi,
            Register.R8 => r.R8,
            Register.R9 => r.R9,
            Register.R10 => r.R10,
            Register.R11 => r.R11,
            Register.R12 => r.R12,
            Register.R13 => r.R13,
            Register.R14 => r.R14,
            _ => r.R15,
        };
        return register.GetSize() switch
        {
            8 => full,
            4 => (uint)full,
            2 => (ushort)full,
            _ => register is Register.AH or Register.BH or Register.CH or Register.DH ? (byte)(full >> 8) : (byte)full,
        };
    }

    /// <summary>A segment register with its hidden part.</summary>
    public static SegmentRegister Segment(VcpuView view, Register register) => register switch
    {
        Register.ES => view.Special.Es,
        Register.CS => view.Special.Cs,
        Register.SS => view.Special.Ss,
        Register.FS => view.Special.Fs,
        Register.GS => view.Special.Gs,
        _ => view.Special.Ds,
    };

    /// <summary>The linear address of an instruction's memory operand.</summary>
    public static bool TryGetOperand(VcpuView view, in Instruction instruction, out ulong linear)
    {
        linear = 0;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            bool isMemory = kind is OpKind.Memory or (>= OpKind.MemorySegSI and <= OpKind.MemoryESRDI);
            if (isMemory && instruction.Mnemonic != Mnemonic.Lea && instruction.TryGetVirtualAddress(i, 0, out linear, TryGet))
            {
                linear = view.Bits == 64 ? linear : (uint)linear;
                return true;
            }
        }

        return false;

        bool TryGet(Register register, int elementIndex, int elementSize, out ulong value)
        {
            value = Of(view, register);
            return true;
        }
    }

    private static ulong BaseOf(VcpuView view, Register register) =>
        view.Bits == 64 && register is not (Register.FS or Register.GS) ? 0 : Segment(view, register).Base;
}
