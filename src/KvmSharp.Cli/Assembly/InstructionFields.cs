using Iced.Intel;

namespace KvmSharp.Cli;

/// <summary>Stores a value in the field of an instruction that its operand kind names.</summary>
internal static class InstructionFields
{
    public static void SetImmediateOrTarget(ref this Instruction instruction, OpKind kind, long value)
    {
        switch (kind)
        {
            case OpKind.Immediate8:
                instruction.Immediate8 = (byte)value;
                break;
            case OpKind.Immediate8_2nd:
                instruction.Immediate8_2nd = (byte)value;
                break;
            case OpKind.Immediate8to16:
                instruction.Immediate8to16 = (short)value;
                break;
            case OpKind.Immediate8to32:
                instruction.Immediate8to32 = (int)value;
                break;
            case OpKind.Immediate16:
                instruction.Immediate16 = (ushort)value;
                break;
            case OpKind.Immediate32:
                instruction.Immediate32 = (uint)value;
                break;
            case OpKind.Immediate8to64:
                instruction.Immediate8to64 = value;
                break;
            case OpKind.Immediate32to64:
                instruction.Immediate32to64 = value;
                break;
            case OpKind.Immediate64:
                instruction.Immediate64 = (ulong)value;
                break;
            case OpKind.NearBranch64:
                instruction.NearBranch64 = (ulong)value;
                break;
            case OpKind.NearBranch16:
                instruction.NearBranch16 = (ushort)value;
                break;
            default:
                instruction.NearBranch32 = (uint)value;
                break;
        }
    }
}
