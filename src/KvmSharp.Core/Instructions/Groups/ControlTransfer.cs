using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Groups;

/// <summary>Near jumps, calls, returns and loops. Far transfers and interrupts belong to the system groups.</summary>
internal static unsafe class ControlTransfer
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Jmp, &BranchShape.LowerJump);
        table.Add(Mnemonic.Call, &CallShape.LowerCall);
        table.Add(Mnemonic.Ret, &CallShape.LowerReturn);
        table.Add(Mnemonic.Jcxz, &LoopShape.LowerJumpIfZero<ushort>);
        table.Add(Mnemonic.Jecxz, &LoopShape.LowerJumpIfZero<uint>);
        table.Add(Mnemonic.Jrcxz, &LoopShape.LowerJumpIfZero<ulong>);
        table.Add(Mnemonic.Loop, &LoopShape.Lower<Always>);
        table.Add(Mnemonic.Loope, &LoopShape.Lower<Equal>);
        table.Add(Mnemonic.Loopne, &LoopShape.Lower<NotEqual>);
        RegisterConditionalJumps(table);
    }

    private static void RegisterConditionalJumps(LoweringTable table)
    {
        table.Add(Mnemonic.Jo, &BranchShape.Lower<Overflow>);
        table.Add(Mnemonic.Jno, &BranchShape.Lower<NotOverflow>);
        table.Add(Mnemonic.Jb, &BranchShape.Lower<Below>);
        table.Add(Mnemonic.Jae, &BranchShape.Lower<AboveOrEqual>);
        table.Add(Mnemonic.Je, &BranchShape.Lower<Equal>);
        table.Add(Mnemonic.Jne, &BranchShape.Lower<NotEqual>);
        table.Add(Mnemonic.Jbe, &BranchShape.Lower<BelowOrEqual>);
        table.Add(Mnemonic.Ja, &BranchShape.Lower<Above>);
        table.Add(Mnemonic.Js, &BranchShape.Lower<Sign>);
        table.Add(Mnemonic.Jns, &BranchShape.Lower<NotSign>);
        table.Add(Mnemonic.Jp, &BranchShape.Lower<Parity>);
        table.Add(Mnemonic.Jnp, &BranchShape.Lower<NotParity>);
        table.Add(Mnemonic.Jl, &BranchShape.Lower<Less>);
        table.Add(Mnemonic.Jge, &BranchShape.Lower<GreaterOrEqual>);
        table.Add(Mnemonic.Jle, &BranchShape.Lower<LessOrEqual>);
        table.Add(Mnemonic.Jg, &BranchShape.Lower<Greater>);
    }
}
