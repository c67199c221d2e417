using Iced.Intel;

namespace KvmSharp.Engine;

/// <summary>Finds instructions whose arithmetic flags nobody can see, so that their handlers need not compute them.</summary>
/// <remarks>
/// Flags are visible to a later reader, at the end of the block, and wherever the block may stop in between: at any instruction
/// that may fault or reach a device. So a result is dead only when plain register instructions follow until all six are set anew.
/// </remarks>
internal static class FlagLiveness
{
    private const RflagsBits Arithmetic =
        RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;

    /// <summary>Marks the instructions whose flags are dead.</summary>
    /// <param name="instructions">A block.</param>
    /// <param name="dead">Receives the answer for each.</param>
    /// <param name="stepping">Everything is visible.</param>
    public static void Find(ReadOnlySpan<Instruction> instructions, Span<bool> dead, bool stepping)
    {
        RflagsBits live = Arithmetic;
        for (int i = instructions.Length - 1; i >= 0; i--)
        {
            ref readonly Instruction instruction = ref instructions[i];
            if (MayStop(instruction))
            {
                dead[i] = false;
                live = Arithmetic;
                continue;
            }

            dead[i] = !stepping && (live & Arithmetic) == 0;

            live &= ~SetBy(instruction);
            live |= instruction.RflagsRead & Arithmetic;
        }
    }

    /// <summary>Tells whether one instruction may stand for another without any other's flags becoming visible or dead.</summary>
    /// <param name="old">The one that was there.</param>
    /// <param name="other">The one that takes its place.</param>
    /// <returns>Whether both let the same flags through.</returns>
    public static bool AreAlike(in Instruction old, in Instruction other)
    {
        bool stops = MayStop(old);
        return stops == MayStop(other) && (stops || (SetBy(old) == SetBy(other) && ((old.RflagsRead ^ other.RflagsRead) & Arithmetic) == 0));
    }

    // Undefined flags count as set: what an instruction leaves undefined, ours still defines.
    private static RflagsBits SetBy(in Instruction instruction) =>
        (instruction.RflagsWritten | instruction.RflagsCleared | instruction.RflagsSet | instruction.RflagsUndefined) & Arithmetic;

    private static bool MayStop(in Instruction instruction)
    {
        if (instruction.IsStackInstruction || instruction.FlowControl != FlowControl.Next || IsSystemMove(instruction))
        {
            return true;
        }

        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) is OpKind.Memory or (>= OpKind.MemorySegSI and <= OpKind.MemoryESRDI))
            {
                return true;
            }
        }

        return instruction.Mnemonic is not (Mnemonic.Add or Mnemonic.Sub or Mnemonic.Cmp or Mnemonic.Test or Mnemonic.And or Mnemonic.Or
            or Mnemonic.Xor or Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Not
            or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Adc or Mnemonic.Sbb or Mnemonic.Imul or Mnemonic.Mul)
            && !IsConstantShift(instruction);
    }

    // By a count of 0, as CL may hold, no flags are set.
    private static bool IsConstantShift(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
        && instruction.Op1Kind == OpKind.Immediate8
        && (instruction.Immediate8 & 0x1F) != 0;

    // MOV with a control, debug or segment register faults by privilege, or is intercepted.
    private static bool IsSystemMove(in Instruction instruction) => instruction.Mnemonic == Mnemonic.Mov
        && (IsSystem(instruction.Op0Register) || IsSystem(instruction.Op1Register));

    private static bool IsSystem(Register register) => register.IsCR() || register.IsDR() || register.IsSegmentRegister();
}
