using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Operations;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Groups;

/// <summary>Moves, extensions and exchanges. MOV to and from segment, control and debug registers is not among them.</summary>
internal static unsafe class DataTransfer
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Mov, &MoveShape.Lower);
        table.Add(Mnemonic.Movzx, &ExtensionShape.Lower<Movzx>);
        table.Add(Mnemonic.Movsx, &ExtensionShape.Lower<Movsx>);
        table.Add(Mnemonic.Movsxd, &ExtensionShape.Lower<Movsx>);
        table.Add(Mnemonic.Cbw, &ExtensionShape.LowerCbw);
        table.Add(Mnemonic.Cwde, &ExtensionShape.LowerCwde);
        table.Add(Mnemonic.Cwd, &ExtensionShape.LowerCwd);
        table.Add(Mnemonic.Cdq, &ExtensionShape.LowerCdq);
        table.Add(Mnemonic.Cdqe, &ExtensionShape.LowerCdqe);
        table.Add(Mnemonic.Cqo, &ExtensionShape.LowerCqo);
        table.Add(Mnemonic.Bswap, &UnaryShape.Lower<Bswap>);
        table.Add(Mnemonic.Xchg, &ExchangeShape.LowerXchg);
        table.Add(Mnemonic.Xadd, &ExchangeShape.LowerXadd);
        table.Add(Mnemonic.Cmpxchg, &ExchangeShape.LowerCmpxchg);
        table.Add(Mnemonic.Cmpxchg8b, &ExchangeShape.LowerCmpxchg8b);
        table.Add(Mnemonic.Cmpxchg16b, &ExchangeShape.LowerCmpxchg16b);
        RegisterConditionalMoves(table);
    }

    private static void RegisterConditionalMoves(LoweringTable table)
    {
        table.Add(Mnemonic.Cmovo, &ConditionShape.LowerMove<Overflow>);
        table.Add(Mnemonic.Cmovno, &ConditionShape.LowerMove<NotOverflow>);
        table.Add(Mnemonic.Cmovb, &ConditionShape.LowerMove<Below>);
        table.Add(Mnemonic.Cmovae, &ConditionShape.LowerMove<AboveOrEqual>);
        table.Add(Mnemonic.Cmove, &ConditionShape.LowerMove<Equal>);
        table.Add(Mnemonic.Cmovne, &ConditionShape.LowerMove<NotEqual>);
        table.Add(Mnemonic.Cmovbe, &ConditionShape.LowerMove<BelowOrEqual>);
        table.Add(Mnemonic.Cmova, &ConditionShape.LowerMove<Above>);
        table.Add(Mnemonic.Cmovs, &ConditionShape.LowerMove<Sign>);
        table.Add(Mnemonic.Cmovns, &ConditionShape.LowerMove<NotSign>);
        table.Add(Mnemonic.Cmovp, &ConditionShape.LowerMove<Parity>);
        table.Add(Mnemonic.Cmovnp, &ConditionShape.LowerMove<NotParity>);
        table.Add(Mnemonic.Cmovl, &ConditionShape.LowerMove<Less>);
        table.Add(Mnemonic.Cmovge, &ConditionShape.LowerMove<GreaterOrEqual>);
        table.Add(Mnemonic.Cmovle, &ConditionShape.LowerMove<LessOrEqual>);
        table.Add(Mnemonic.Cmovg, &ConditionShape.LowerMove<Greater>);
    }
}
